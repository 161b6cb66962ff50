package io.gibbon.cli.ingest;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import org.apache.tika.exception.EncryptedDocumentException;
import org.apache.tika.exception.TikaException;
import org.apache.tika.exception.WriteLimitReachedException;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.metadata.TikaCoreProperties;
import org.apache.tika.parser.AutoDetectParser;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.sax.BodyContentHandler;
import org.xml.sax.SAXException;

/** Text of PDF, HTML and office files, by Apache Tika. */
final class TikaText {

  /** Most characters of one file's text. */
  static final int MAX_CHARACTERS = 16 << 20;

  private final AutoDetectParser parser = new AutoDetectParser();

  /**
   * Title and text.
   *
   * @throws UnreadableException with the reason
   */
  Extracted extract(String name, byte[] bytes) {
    Metadata metadata = new Metadata();
    metadata.set(TikaCoreProperties.RESOURCE_NAME_KEY, name);
    BodyContentHandler text = new BodyContentHandler(MAX_CHARACTERS);
    try (InputStream in = new ByteArrayInputStream(bytes)) {
      parser.parse(in, text, metadata, new ParseContext());
    } catch (EncryptedDocumentException e) {
      throw new UnreadableException("is encrypted", e);
    } catch (SAXException | TikaException | IOException | RuntimeException | StackOverflowError e) {
      if (WriteLimitReachedException.isWriteLimitReached(e)) {
        throw new UnreadableException(
            "more than %,d characters of text".formatted(MAX_CHARACTERS), e);
      }
      String type =
          Optional.ofNullable(metadata.get(Metadata.CONTENT_TYPE)).orElse("any known kind of file");
      throw new UnreadableException("cannot be read as " + type, e);
    }
    String title = Optional.ofNullable(metadata.get(TikaCoreProperties.TITLE)).orElse("");
    return new Extracted(title, text.toString().strip());
  }
}
