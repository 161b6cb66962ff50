package io.gibbon.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.gibbon.server.answer.RequestException;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.json.schema.Draft;
import io.vertx.json.schema.JsonSchema;
import io.vertx.json.schema.JsonSchemaOptions;
import io.vertx.json.schema.OutputFormat;
import io.vertx.json.schema.OutputUnit;
import io.vertx.json.schema.Validator;
import io.vertx.openapi.contract.MediaType;
import io.vertx.openapi.contract.OpenAPIContract;
import io.vertx.openapi.contract.Operation;
import io.vertx.openapi.contract.Parameter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Our OpenAPI description: what is served, and what requests are validated with. Immutable and
 * thread-safe.
 */
public final class Contract {

  private static final String RESOURCE = "/io/gibbon/server/openapi.yaml";

  private final String yaml;
  private final JsonObject json;
  private final Map<String, Body> bodies = new HashMap<>();
  private final Map<String, Operation> operations = new HashMap<>();

  /** The schema of an operation's body and its compiled form. */
  private record Body(JsonObject schema, Validator validator) {}

  private Contract(String yaml, JsonObject json, OpenAPIContract contract) {
    this.yaml = yaml;
    this.json = json;
    JsonSchemaOptions options =
        new JsonSchemaOptions()
            .setBaseUri("app://gibbon/")
            .setDraft(Draft.DRAFT202012)
            .setOutputFormat(OutputFormat.Basic);
    for (Operation operation : contract.operations()) {
      operations.put(operation.getOperationId(), operation);
      if (operation.getRequestBody() != null) {
        MediaType media = operation.getRequestBody().getContent().get("application/json");
        JsonSchema schema = media.getSchema();
        bodies.put(
            operation.getOperationId(),
            new Body(
                (JsonObject) schema, contract.getSchemaRepository().validator(schema, options)));
      }
    }
  }

  /** Reads the description from the class path. */
  public static Future<Contract> load(Vertx vertx) {
    return vertx
        .executeBlocking(Contract::read)
        .compose(
            yaml -> {
              JsonObject json = toJson(yaml);
              return OpenAPIContract.from(vertx, withoutResponses(json))
                  .map(contract -> new Contract(yaml, json, contract));
            });
  }

  /** The description as it was written. */
  public String yaml() {
    return yaml;
  }

  /** The description as JSON. */
  public JsonObject json() {
    return json.copy();
  }

  /** Operation ids. */
  public Set<String> operations() {
    return new TreeSet<>(operations.keySet());
  }

  /** Method of an operation, and its path in the form of Vert.x routes. */
  Operation operation(String id) {
    return operations.get(id);
  }

  /**
   * Checks a body against the operation's schema.
   *
   * @throws RequestException naming the first field that does not fit, and its limits
   */
  void validate(String operationId, Object body) {
    Body expected = bodies.get(operationId);
    OutputUnit result = expected.validator().validate(body);
    if (!result.getValid()) {
      throw SchemaProblem.describe(expected.schema(), body, result.getErrors());
    }
  }

  /**
   * Checks a query string against the operation's parameters.
   *
   * @throws RequestException naming the first parameter that does not fit
   */
  void validateQuery(String operationId, MultiMap query) {
    Map<String, Parameter> known =
        operations.get(operationId).getParameters().stream()
            .filter(parameter -> parameter.getIn().toString().equals("query"))
            .collect(Collectors.toMap(Parameter::getName, parameter -> parameter));
    for (Map.Entry<String, String> entry : query) {
      Parameter parameter = known.get(entry.getKey());
      if (parameter == null) {
        throw RequestException.invalid(
            entry.getKey(), "unknown_parameter", unknownParameter(entry.getKey(), known.keySet()));
      }
      QueryParameters.check(parameter, entry.getValue());
    }
  }

  private static String unknownParameter(String name, Set<String> known) {
    return known.isEmpty()
        ? "this request takes no parameter '" + name + "'"
        : "unknown parameter '%s'; known are %s".formatted(name, new TreeSet<>(known));
  }

  private static String read() {
    try (InputStream in = Contract.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is not on the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonObject toJson(String yaml) {
    try {
      JsonNode tree = new YAMLMapper().readTree(yaml);
      return new JsonObject(tree.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Requests only: vertx-openapi does not know text/event-stream. */
  private static JsonObject withoutResponses(JsonObject json) {
    JsonObject copy = json.copy();
    JsonObject paths = copy.getJsonObject("paths");
    for (String path : paths.fieldNames()) {
      for (String method : List.of("get", "put", "post", "delete")) {
        JsonObject operation = paths.getJsonObject(path).getJsonObject(method);
        if (operation != null) {
          operation.put(
              "responses",
              new JsonObject().put("200", new JsonObject().put("description", "not checked")));
        }
      }
    }
    return copy;
  }
}
