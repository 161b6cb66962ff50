package io.gibbon.cli.ingest;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.DocumentRules;
import io.gibbon.schemas.serde.InvalidRecordException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Reads documents out of files: text and Markdown as they are, JSON lines one document each,
 * anything else through Apache Tika. A document's id is its path below the directory that was
 * named. Nothing here throws for a bad file: it becomes an {@link Item.Refused}. Not thread-safe.
 */
public final class DocumentFiles {

  /** Larger files are refused unread, except JSON lines, which are read line by line. */
  static final long MAX_FILE_BYTES = 256L << 20;

  private final String collection;
  private final int maxDocumentBytes;
  private final JsonLines jsonLines;
  private final TikaText tika = new TikaText();

  /**
   * A file to read.
   *
   * @param file where it lies
   * @param id of its document, unless it holds JSON lines
   */
  public record Source(Path file, String id) {

    /** Whether the lines name their documents themselves. */
    public boolean namesItsDocuments() {
      return isJsonLines(file);
    }
  }

  /**
   * Files whose documents belong to a collection, unless a JSON line names its own.
   *
   * @param maxDocumentBytes larger text files are refused unread
   */
  public DocumentFiles(String collection, int maxDocumentBytes) {
    DocumentRules.checkCollection(collection);
    this.collection = collection;
    this.maxDocumentBytes = maxDocumentBytes;
    this.jsonLines = new JsonLines(collection);
  }

  /**
   * A file, or all files below a directory in the order of their names; hidden ones only where
   * named themselves.
   *
   * @param refused is given what cannot be looked at
   * @throws IOException if there is no such path
   */
  public List<Source> list(Path root, Consumer<Item.Refused> refused) throws IOException {
    if (!Files.exists(root)) {
      throw new NoSuchFileException(root.toString());
    }
    FileFinder finder = new FileFinder(root, refused);
    Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, finder);
    return finder.files().stream().sorted().map(file -> new Source(file, id(root, file))).toList();
  }

  /** Reads one of the files that {@link #list} returned. */
  public void read(Source source, Consumer<Item> items) {
    String name = source.file().toString();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(source.file()))) {
      long size = Files.size(source.file());
      long limit = isPlain(name) ? maxTextBytes(in) : MAX_FILE_BYTES;
      if (source.namesItsDocuments()) {
        jsonLines.read(in, name, items);
      } else if (size > limit) {
        items.accept(new Item.Refused(name, tooLarge(size, limit)));
      } else {
        items.accept(document(source.id(), name, in.readAllBytes()));
      }
    } catch (IOException e) {
      items.accept(new Item.Refused(name, "cannot be read: " + reason(e)));
    }
  }

  /** In UTF-16, which its byte-order mark tells, text may take twice the bytes of UTF-8. */
  private long maxTextBytes(InputStream in) throws IOException {
    in.mark(1);
    int first = in.read();
    in.reset();
    return first == 0xFE || first == 0xFF ? 2L * maxDocumentBytes : maxDocumentBytes;
  }

  private static String tooLarge(long size, long limit) {
    return "%,d bytes, the limit is %,d".formatted(size, limit);
  }

  /** What went wrong, without the file's name where the exception is only that. */
  static String reason(IOException e) {
    return switch (e) {
      case FileSystemLoopException loop -> "is a link to a directory above it";
      case AccessDeniedException denied -> "may not be read";
      case NoSuchFileException gone -> "is not there any more";
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }

  /** Reads standard input: JSON lines if the first character is a brace, else one text. */
  public void readStream(InputStream stream, String id, Consumer<Item> items) throws IOException {
    BufferedInputStream in = new BufferedInputStream(stream);
    if (startsWithBrace(in)) {
      jsonLines.read(in, "stdin", items);
    } else {
      readText(in, id, items);
    }
  }

  /** Reads standard input as one text, whatever it begins with. */
  public void readText(InputStream in, String id, Consumer<Item> items) throws IOException {
    byte[] bytes = in.readNBytes((int) MAX_FILE_BYTES + 1);
    items.accept(
        bytes.length > MAX_FILE_BYTES
            ? new Item.Refused("standard input", tooLarge(bytes.length, MAX_FILE_BYTES))
            : document(id, "standard input", bytes));
  }

  private static boolean startsWithBrace(BufferedInputStream in) throws IOException {
    in.mark(4096);
    int c = in.read();
    for (int i = 1;
        i < 4096 && (Character.isWhitespace(c) || c == 0xEF || c == 0xBB || c == 0xBF);
        i++) {
      c = in.read();
    }
    in.reset();
    return c == '{';
  }

  private Item document(String id, String source, byte[] bytes) {
    try {
      Extracted extracted = extract(source, bytes);
      String title = extracted.title().isBlank() ? titleOf(id) : extracted.title().strip();
      String bounded = title.substring(0, Math.min(title.length(), DocumentRules.MAX_TITLE_LENGTH));
      Document document =
          new Document(collection, id, bounded, extracted.text(), Map.of(), (Instant) null);
      DocumentRules.check(document);
      return new Item.Readable(source, document);
    } catch (InvalidRecordException | UnreadableException e) {
      return new Item.Refused(source, String.valueOf(e.getMessage()));
    }
  }

  private Extracted extract(String source, byte[] bytes) {
    if (isPlain(source)) {
      try {
        String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        String body = text.startsWith("\uFEFF") ? text.substring(1) : text;
        return new Extracted(isMarkdown(source) ? heading(body) : "", body);
      } catch (CharacterCodingException e) {
        return tika.extract(source, bytes);
      }
    }
    return tika.extract(source, bytes);
  }

  /** The first heading of level one, or nothing. */
  private static String heading(String markdown) {
    return markdown
        .lines()
        .filter(line -> line.startsWith("# "))
        .findFirst()
        .map(line -> line.substring(2))
        .orElse("");
  }

  private static String id(Path root, Path file) {
    Path relative = Files.isDirectory(root) ? root.relativize(file) : file.getFileName();
    return relative.toString().replace('\\', '/');
  }

  private static String titleOf(String id) {
    String name = id.substring(id.lastIndexOf('/') + 1);
    int dot = name.lastIndexOf('.');
    return (dot > 0 ? name.substring(0, dot) : name).replace('-', ' ').replace('_', ' ');
  }

  private static boolean isJsonLines(Path file) {
    String name = lower(file.toString());
    return name.endsWith(".jsonl") || name.endsWith(".ndjson");
  }

  private static boolean isMarkdown(String source) {
    return lower(source).endsWith(".md") || lower(source).endsWith(".markdown");
  }

  private static boolean isPlain(String source) {
    return isMarkdown(source) || lower(source).endsWith(".txt") || lower(source).endsWith(".text");
  }

  private static String lower(String name) {
    return name.toLowerCase(Locale.ROOT);
  }
}
