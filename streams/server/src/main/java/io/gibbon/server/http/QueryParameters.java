package io.gibbon.server.http;

import io.gibbon.server.answer.RequestException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.Parameter;

/** Checks query parameters against the few schema words that our description uses for them. */
final class QueryParameters {

  private QueryParameters() {}

  static void check(Parameter parameter, String value) {
    JsonObject schema = (JsonObject) parameter.getSchema();
    String name = parameter.getName();
    JsonArray allowed = schema.getJsonArray("enum");
    if (allowed != null && !allowed.contains(value)) {
      throw RequestException.invalid(
          name, "%s must be one of %s, not '%s'".formatted(name, allowed.encode(), value));
    }
    if ("number".equals(schema.getString("type"))) {
      checkNumber(name, value, schema.getDouble("minimum"), schema.getDouble("maximum"));
    }
  }

  private static void checkNumber(String name, String value, double least, double most) {
    double number;
    try {
      number = Double.parseDouble(value);
    } catch (NumberFormatException e) {
      number = Double.NaN;
    }
    if (!(number >= least && number <= most)) {
      throw RequestException.invalid(
          name,
          "%s must be a number between %.0f and %.0f, not '%s'"
              .formatted(name, least, most, value));
    }
  }
}
