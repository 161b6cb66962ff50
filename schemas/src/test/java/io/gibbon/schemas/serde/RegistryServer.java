package io.gibbon.schemas.serde;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A schema registry in memory: as much of the REST protocol as producers and consumers use. */
final class RegistryServer implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern BY_ID = Pattern.compile("/schemas/ids/(-?\\d+)");
  private static final Pattern REGISTER = Pattern.compile("/subjects/([^/]+)/versions");

  private final HttpServer server;
  private final List<ObjectNode> schemas = new ArrayList<>();
  private final Map<String, List<Integer>> subjects = new ConcurrentHashMap<>();

  /** Method, path and authorization of every request. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** When set, every request gets this status and body. */
  volatile int status;

  volatile String body = "{\"error_code\":50001,\"message\":\"on fire\"}";

  /** When set, answers stop after their first byte until this is completed. */
  volatile @Nullable CompletableFuture<Void> stalled;

  RegistryServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::handle);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/");
  }

  /** Puts a schema into the registry and returns its id. */
  synchronized int add(String type, String schema) {
    ObjectNode node = JSON.createObjectNode().put("schema", schema);
    if (!type.equals("AVRO")) {
      node.put("schemaType", type);
    }
    int known = schemas.indexOf(node);
    if (known >= 0) {
      return known + 1;
    }
    schemas.add(node);
    return schemas.size();
  }

  List<Integer> ids(String subject) {
    return subjects.getOrDefault(subject, List.of());
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getRawPath();
      requests.add(
          "%s %s %s"
              .formatted(
                  exchange.getRequestMethod(),
                  path,
                  exchange.getRequestHeaders().getFirst("Authorization")));
      Matcher byId = BY_ID.matcher(path);
      Matcher register = REGISTER.matcher(path);
      if (status != 0) {
        answer(exchange, status, body);
      } else if (byId.matches() && exchange.getRequestMethod().equals("GET")) {
        schema(exchange, Integer.parseInt(byId.group(1)));
      } else if (register.matches() && exchange.getRequestMethod().equals("POST")) {
        register(exchange, URLDecoder.decode(register.group(1), StandardCharsets.UTF_8));
      } else {
        answer(exchange, 404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}");
      }
    }
  }

  private synchronized void schema(HttpExchange exchange, int id) throws IOException {
    if (id < 1 || id > schemas.size()) {
      answer(exchange, 404, "{\"error_code\":40403,\"message\":\"Schema " + id + " not found\"}");
    } else {
      answer(exchange, 200, schemas.get(id - 1).toString());
    }
  }

  private void register(HttpExchange exchange, String subject) throws IOException {
    JsonNode request = JSON.readTree(exchange.getRequestBody());
    int id = add("AVRO", request.path("schema").asText());
    subjects.computeIfAbsent(subject, s -> new CopyOnWriteArrayList<>()).add(id);
    answer(exchange, 200, "{\"id\":" + id + "}");
  }

  private void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/vnd.schemaregistry.v1+json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes, 0, 1);
    CompletableFuture<Void> stall = stalled;
    if (stall != null) {
      exchange.getResponseBody().flush();
      stall.join();
    }
    exchange.getResponseBody().write(bytes, 1, bytes.length - 1);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
