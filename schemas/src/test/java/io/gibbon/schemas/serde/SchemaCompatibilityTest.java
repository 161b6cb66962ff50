package io.gibbon.schemas.serde;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityType;
import org.apache.avro.SchemaCompatibility.SchemaPairCompatibility;
import org.apache.avro.SchemaFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Topics and changelogs outlive releases: every released schema must read and be read by ours. */
class SchemaCompatibilityTest {

  @ParameterizedTest
  @MethodSource("io.gibbon.schemas.serde.Examples#schemas")
  void everyReleasedSchemaReadsAndIsReadByTheCurrentOne(Schema current) {
    for (Schema released : WriterSchemas.history(current.getName())) {
      assertThat(problems(current, released)).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("io.gibbon.schemas.serde.Examples#schemas")
  void theCurrentSchemaIsInTheHistory(Schema current) throws IOException {
    List<Schema> history = WriterSchemas.history(current.getName());
    boolean known =
        history.stream()
            .anyMatch(s -> WriterSchemas.fingerprint(s) == WriterSchemas.fingerprint(current));
    if (!known) {
      Path file = Path.of(current.getName(), (history.size() + 1) + ".avsc");
      Path candidate = Path.of("target/history").resolve(file);
      Files.createDirectories(candidate.getParent());
      Files.writeString(candidate, SchemaFormatter.format("json/pretty", current) + "\n");
      fail(
          """
          The schema of %s changed. What was written with it must stay readable, so keep it:
            cp schemas/%s schemas/src/main/resources/io/gibbon/schemas/history/%s
          If the highest numbered file there was never released, overwrite that one instead.\
          """
              .formatted(current.getName(), candidate, file));
    }
  }

  @Test
  void aFieldWithoutDefaultIsFoundAndExplained() {
    Schema old = record("{'name':'a','type':'string'}");
    Schema changed = record("{'name':'a','type':'string'},{'name':'b','type':'string'}");

    assertThat(problems(changed, old))
        .contains("cannot read", "/fields/1", "READER_FIELD_MISSING_DEFAULT_VALUE");
    assertThat(problems(old, changed)).contains("cannot be read by");
  }

  @Test
  void aRemovedFieldThatOldReadersNeedIsFound() {
    Schema old = record("{'name':'a','type':'string'},{'name':'b','type':'string'}");
    Schema changed = record("{'name':'a','type':'string'}");

    assertThat(problems(changed, old)).contains("cannot be read by");
  }

  private static Schema record(String fields) {
    return new Schema.Parser()
        .parse(("{'type':'record','name':'R','fields':[" + fields + "]}").replace('\'', '"'));
  }

  /** What stands between two schemas, for a person to mend; empty if nothing does. */
  private static String problems(Schema current, Schema released) {
    return problem(current, released, "The schema of %s cannot read what an old release wrote")
        + problem(released, current, "The schema of %s cannot be read by an old release");
  }

  private static String problem(Schema reader, Schema writer, String sentence) {
    SchemaPairCompatibility result =
        SchemaCompatibility.checkReaderWriterCompatibility(reader, writer);
    if (result.getType() == SchemaCompatibilityType.COMPATIBLE) {
      return "";
    }
    StringBuilder text = new StringBuilder(sentence.formatted(reader.getName())).append(":\n");
    result
        .getResult()
        .getIncompatibilities()
        .forEach(
            i ->
                text.append(
                    "  at %s: %s (%s)\n".formatted(i.getLocation(), i.getMessage(), i.getType())));
    return text.append(
            "Keep old fields, give new ones a default, give enums a default symbol before adding"
                + " symbols, never change a type or a name (add an alias).\n")
        .toString();
  }
}
