package io.gibbon.topology;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicInteger;

/** A schema registry that knows one JSON schema, and can be in trouble. Thread-safe. */
final class SwitchedRegistry implements AutoCloseable {

  private static final int SCHEMA = 7;

  private final HttpServer server;
  private final AtomicInteger refused = new AtomicInteger();
  private volatile boolean inTrouble;

  SwitchedRegistry() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/schemas/ids/" + SCHEMA, this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] schema = "{\"schemaType\":\"JSON\",\"schema\":\"{}\"}".getBytes(UTF_8);
      exchange.sendResponseHeaders(inTrouble ? 503 : 200, schema.length);
      exchange.getResponseBody().write(schema);
      if (inTrouble) {
        refused.incrementAndGet();
      }
    }
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** A value in registry wire format. */
  static byte[] framed(String json) {
    return ("\0\0\0\0" + (char) SCHEMA + json).getBytes(UTF_8);
  }

  /** Whether every request is refused. */
  void setInTrouble(boolean trouble) {
    inTrouble = trouble;
  }

  /** How often it was asked in trouble. */
  int refused() {
    return refused.get();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
