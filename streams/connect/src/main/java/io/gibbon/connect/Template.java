package io.gibbon.connect;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.connect.connector.ConnectRecord;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;

/**
 * A text with variables that describe a record:
 *
 * <ul>
 *   <li>{@code ${topic}}, {@code ${partition}}, {@code ${timestamp}}: of the Kafka record, where it
 *       has them already;
 *   <li>{@code ${offset}}: of the Kafka record, in sink connectors only;
 *   <li>{@code ${source.NAME}}, {@code ${position.NAME}}: of a source connector's own partition and
 *       offset; Kafka's file source has {@code ${source.filename}} and {@code
 *       ${position.position}};
 *   <li>{@code ${key}}, {@code ${key.FIELD}}, {@code ${value.FIELD}}: strings and integers in the
 *       record.
 * </ul>
 */
final class Template {

  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([^}]*)}");

  private interface Part {
    @Nullable Object value(ConnectRecord<?> record);
  }

  private record Variable(String name, Part part) {}

  private final List<Variable> parts = new ArrayList<>();

  private Template() {}

  /**
   * Reads a configured template.
   *
   * @throws IllegalArgumentException naming an unknown variable, or if there is none at all: then
   *     every record would be the same
   */
  static Template parse(String text) {
    Template template = new Template();
    Matcher matcher = VARIABLE.matcher(text);
    int end = 0;
    while (matcher.find()) {
      template.literal(text.substring(end, matcher.start()));
      template.parts.add(new Variable("${" + matcher.group(1) + "}", variable(matcher.group(1))));
      end = matcher.end();
    }
    if (end == 0) {
      throw new IllegalArgumentException("has no variable such as ${topic}: " + text);
    }
    template.literal(text.substring(end));
    return template;
  }

  private void literal(String text) {
    if (!text.isEmpty()) {
      parts.add(new Variable(text, record -> text));
    }
  }

  private static Part variable(String name) {
    return switch (name) {
      case "topic" -> ConnectRecord::topic;
      case "partition" -> ConnectRecord::kafkaPartition;
      case "timestamp" -> ConnectRecord::timestamp;
      case "offset" ->
          record -> record instanceof SinkRecord sink ? (Object) sink.kafkaOffset() : null;
      default -> pathVariable(name);
    };
  }

  private static Part pathVariable(String name) {
    int dot = name.indexOf('.');
    String rest = name.substring(dot + 1);
    return switch (dot < 0 ? name : name.substring(0, dot)) {
      case "source" ->
          record ->
              record instanceof SourceRecord source ? entry(source.sourcePartition(), rest) : null;
      case "position" ->
          record ->
              record instanceof SourceRecord source ? entry(source.sourceOffset(), rest) : null;
      case "key", "value" -> FieldPath.parse(name)::find;
      default -> throw new IllegalArgumentException("has an unknown variable ${" + name + "}");
    };
  }

  private static @Nullable Object entry(@Nullable Map<String, ?> map, String name) {
    return map == null ? null : map.get(name);
  }

  /**
   * The text for a record.
   *
   * @throws DataException if the record has no value for a variable, or one that is not a string or
   *     integer
   */
  String render(ConnectRecord<?> record) {
    StringBuilder text = new StringBuilder();
    for (Variable variable : parts) {
      Object value = variable.part().value(record);
      if (value == null) {
        throw new DataException(
            "the record has no value for "
                + variable.name()
                + " of "
                + ToDocumentConfig.ID_TEMPLATE);
      }
      text.append(Texts.id(variable.name(), value));
    }
    return text.toString();
  }
}
