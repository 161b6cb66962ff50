package io.gibbon.cli.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.DocumentRules;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.Limits;
import io.gibbon.schemas.serde.RecordSerde;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Deserializer;

/** One JSON object a line, each a document by the rules of the documents topic. */
final class JsonLines {

  private static final int MAX_LINE = Limits.DEFAULT.maxBytes();

  private final String collection;
  private final ObjectMapper json = new ObjectMapper();
  private final Deserializer<Document> documents = RecordSerde.of(Document.class).deserializer();

  JsonLines(String collection) {
    this.collection = collection;
  }

  void read(InputStream in, String source, Consumer<Item> items) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int number = 1;
    boolean tooLong = false;
    for (int b = in.read(); ; b = in.read()) {
      if (b != '\n' && b != -1) {
        tooLong |= line.size() >= MAX_LINE;
        if (!tooLong) {
          line.write(b);
        }
        continue;
      }
      String where = source + ":" + number++;
      if (tooLong) {
        items.accept(new Item.Refused(where, "a line of more than %,d bytes".formatted(MAX_LINE)));
      } else if (!line.toString(StandardCharsets.UTF_8).isBlank()) {
        items.accept(document(where, line.toByteArray()));
      }
      if (b == -1) {
        return;
      }
      line.reset();
      tooLong = false;
    }
  }

  private Item document(String where, byte[] line) {
    try {
      Document document = documents.deserialize("", line);
      if (!namesCollection(line)) {
        document.setCollection(collection);
      }
      DocumentRules.check(document);
      return new Item.Readable(where, document);
    } catch (InvalidRecordException e) {
      return new Item.Refused(where, String.valueOf(e.getMessage()));
    } catch (IOException e) {
      return new Item.Refused(where, "is no JSON: " + e.getMessage());
    }
  }

  /** Whether the line, or Connect's envelope in it, has the field itself. */
  private boolean namesCollection(byte[] line) throws IOException {
    JsonNode node = json.readTree(line);
    return node.has("collection") || node.path("payload").has("collection");
  }
}
