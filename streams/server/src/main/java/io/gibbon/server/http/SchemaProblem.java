package io.gibbon.server.http;

import io.gibbon.server.Nearest;
import io.gibbon.server.answer.RequestException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.OutputUnit;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Says for people what a JSON Schema validator found: the field, the limit, what was sent. */
final class SchemaProblem {

  /** Keywords that only say that something below them does not fit. */
  private static final Set<String> CONTAINERS = Set.of("properties", "items");

  private static final int SHOWN = 60;

  /** One problem: which keyword of which schema refuses which value. */
  private record Problem(String keyword, JsonObject schema, List<String> path, Object value) {}

  private SchemaProblem() {}

  /** The first problem as an error for the client. */
  static RequestException describe(JsonObject root, Object body, List<OutputUnit> errors) {
    for (OutputUnit error : errors) {
      Problem problem = problem(root, body, error);
      if (problem != null) {
        return describe(problem);
      }
    }
    return RequestException.invalid(null, "The request does not fit its schema.");
  }

  private static @Nullable Problem problem(JsonObject root, Object body, OutputUnit error) {
    String location = error.getKeywordLocation();
    String keyword = location.substring(location.lastIndexOf('/') + 1);
    if (CONTAINERS.contains(keyword)) {
      return null;
    }
    List<String> path = steps(error.getInstanceLocation());
    if (keyword.equals("additionalProperties")) {
      JsonObject parent = schemaAt(root, path.subList(0, path.size() - 1));
      return unknown(parent, path.getLast())
          ? new Problem(keyword, parent, path, valueAt(body, path))
          : null;
    }
    return new Problem(keyword, schemaAt(root, path), path, valueAt(body, path));
  }

  /** The validator also reports known properties that do not fit, and values of free ones. */
  private static boolean unknown(JsonObject schema, String property) {
    return Boolean.FALSE.equals(schema.getValue("additionalProperties"))
        && !schema.getJsonObject("properties").containsKey(property);
  }

  private static RequestException describe(Problem problem) {
    String field = field(problem.path());
    JsonObject schema = problem.schema();
    if (schema.containsKey("x-refusal")) {
      return RequestException.invalid(
          field,
          "unsupported_value",
          "%s: %s, not %s".formatted(field, schema.getString("x-refusal"), shown(problem.value())));
    }
    return switch (problem.keyword()) {
      case "required" -> missing(problem, field);
      case "additionalProperties" -> unknown(problem, field);
      case "type" ->
          RequestException.invalid(
              field, "invalid_type", sentence(field, "must be " + types(schema), problem));
      case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum" ->
          RequestException.invalid(field, sentence(field, "must be " + range(schema), problem));
      case "enum" ->
          RequestException.invalid(
              field,
              sentence(field, "must be one of " + schema.getJsonArray("enum").encode(), problem));
      case "minItems", "maxItems" ->
          RequestException.invalid(
              field,
              "%s must have %s, not %,d"
                  .formatted(field, sizes(schema, "Items", "items"), size(problem.value())));
      case "minLength", "maxLength" ->
          RequestException.invalid(
              field,
              "%s must have %s, not %,d"
                  .formatted(field, sizes(schema, "Length", "characters"), size(problem.value())));
      case "maxProperties" ->
          RequestException.invalid(
              field,
              "%s must have at most %,d entries".formatted(field, schema.getLong("maxProperties")));
      case "pattern" ->
          RequestException.invalid(
              field, sentence(field, "must match " + schema.getString("pattern"), problem));
      default -> RequestException.invalid(field, field + " does not fit its schema");
    };
  }

  private static RequestException missing(Problem problem, String field) {
    JsonObject value = (JsonObject) problem.value();
    String name =
        problem.schema().getJsonArray("required").stream()
            .map(String.class::cast)
            .filter(required -> !value.containsKey(required))
            .findFirst()
            .orElseThrow();
    String param = field.isEmpty() ? name : field + "." + name;
    return RequestException.invalid(param, "missing_required_parameter", param + " is missing");
  }

  private static RequestException unknown(Problem problem, String field) {
    Set<String> known = problem.schema().getJsonObject("properties").fieldNames();
    String name = problem.path().getLast();
    return RequestException.invalid(
        field,
        "unknown_parameter",
        "unknown field '%s'; did you mean '%s'?".formatted(field, Nearest.to(name, known)));
  }

  private static String sentence(String field, String must, Problem problem) {
    String name = field.isEmpty() ? "the body" : field;
    return "%s %s, not %s".formatted(name, must, shown(problem.value()));
  }

  private static String types(JsonObject schema) {
    Object type = schema.getValue("type");
    List<?> names = type instanceof JsonArray several ? several.getList() : List.of(type);
    return names.stream()
        .map(String::valueOf)
        .filter(name -> !name.equals("null") || names.size() == 1)
        .map(name -> (name.matches("[aeio].*") ? "an " : "a ") + name)
        .collect(Collectors.joining(" or "));
  }

  private static String range(JsonObject schema) {
    List<String> limits = new ArrayList<>();
    limit(limits, schema, "minimum", "at least ");
    limit(limits, schema, "exclusiveMinimum", "above ");
    limit(limits, schema, "maximum", "at most ");
    return String.join(" and ", limits);
  }

  private static void limit(List<String> limits, JsonObject schema, String keyword, String words) {
    if (schema.containsKey(keyword)) {
      limits.add(words + schema.getValue(keyword));
    }
  }

  private static String sizes(JsonObject schema, String suffix, String unit) {
    List<String> limits = new ArrayList<>();
    limit(limits, schema, "min" + suffix, "at least ");
    limit(limits, schema, "max" + suffix, "at most ");
    return String.join(" and ", limits) + " " + unit;
  }

  private static int size(Object value) {
    return switch (value) {
      case JsonArray array -> array.size();
      case String text -> text.codePointCount(0, text.length());
      default -> 0;
    };
  }

  private static String shown(@Nullable Object value) {
    String text =
        switch (value) {
          case null -> "null";
          case JsonObject object -> "an object";
          case JsonArray array -> "an array";
          case String string -> "'" + string + "'";
          default -> value.toString();
        };
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
  }

  /** {@code messages[0].role}. */
  private static String field(List<String> path) {
    StringBuilder field = new StringBuilder();
    for (String step : path) {
      if (step.matches("\\d+") && !field.isEmpty()) {
        field.append('[').append(step).append(']');
      } else {
        field.append(field.isEmpty() ? "" : ".").append(step);
      }
    }
    return field.toString();
  }

  private static List<String> steps(String pointer) {
    List<String> steps = new ArrayList<>();
    String[] parts = pointer.split("/", -1);
    for (int i = 1; i < parts.length; i++) {
      String part = URLDecoder.decode(parts[i].replace("+", "%2B"), StandardCharsets.UTF_8);
      steps.add(part.replace("~1", "/").replace("~0", "~"));
    }
    return steps;
  }

  private static JsonObject schemaAt(JsonObject root, List<String> path) {
    JsonObject schema = root;
    for (String step : path) {
      JsonObject properties = schema.getJsonObject("properties", new JsonObject());
      Object next = properties.getValue(step);
      if (next == null) {
        next = schema.getValue(step.matches("\\d+") ? "items" : "additionalProperties");
      }
      schema = next instanceof JsonObject object ? object : new JsonObject();
    }
    return schema;
  }

  private static @Nullable Object valueAt(Object body, List<String> path) {
    Object value = body;
    for (String step : path) {
      value =
          switch (value) {
            case JsonObject object -> object.getValue(step);
            case JsonArray array -> array.getValue(Integer.parseInt(step));
            case null, default -> null;
          };
    }
    return value;
  }
}
