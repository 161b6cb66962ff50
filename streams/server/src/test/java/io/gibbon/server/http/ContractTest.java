package io.gibbon.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.GenerationTask;
import io.gibbon.runtime.sampling.Sampling;
import io.gibbon.runtime.sampling.StopStrings;
import io.gibbon.server.TestServer;
import io.gibbon.server.answer.ContextOptions;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.net.http.HttpRequest;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The description is served, and what it describes is there. */
class ContractTest {

  @Test
  void everyDescribedOperationHasARoute() throws Exception {
    try (TestServer server = TestServer.start(Map.of())) {
      JsonObject description = new JsonObject(server.get("/openapi.json").body());
      JsonObject paths = description.getJsonObject("paths");
      for (String path : paths.fieldNames()) {
        for (String method : List.of("get", "put", "post", "delete")) {
          String concrete = path.replaceAll("\\{\\w+}", "x");
          boolean described = paths.getJsonObject(path).containsKey(method);
          int status =
              server
                  .send(
                      server
                          .request(concrete)
                          .method(
                              method.toUpperCase(Locale.ROOT), HttpRequest.BodyPublishers.noBody()))
                  .statusCode();
          assertThat(status != 405).as(method + " " + path).isEqualTo(described);
        }
      }
      assertThat(server.get("/openapi.yaml").body()).startsWith("openapi: 3.1.0");
    }
  }

  @Test
  void statesTheBoundsThatTheRuntimeHolds() throws Exception {
    try (TestServer server = TestServer.start(Map.of())) {
      JsonObject schemas =
          new JsonObject(server.get("/openapi.json").body())
              .getJsonObject("components")
              .getJsonObject("schemas");
      JsonObject options = schemas.getJsonObject("Options").getJsonObject("properties");
      for (String factor : List.of("attention_temperature", "scaling_factor")) {
        assertThat(options.getJsonObject(factor).getDouble("minimum"))
            .isEqualTo(GenerationTask.LEAST_FACTOR);
        assertThat(options.getJsonObject(factor).getDouble("maximum"))
            .isEqualTo(GenerationTask.GREATEST_FACTOR);
      }
      JsonObject stop = schemas.getJsonObject("Stop");
      assertThat(stop.getInteger("maxLength")).isEqualTo(StopStrings.LONGEST);
      assertThat(stop.getJsonObject("items").getInteger("maxLength"))
          .isEqualTo(StopStrings.LONGEST);
      assertThat(stop.getInteger("maxItems")).isLessThanOrEqualTo(StopStrings.MOST);
      assertThat(schemas.getJsonObject("Temperature").getString("description"))
          .contains(
              BigDecimal.valueOf(Sampling.LEAST_TEMPERATURE).stripTrailingZeros().toPlainString());
      assertThat(options.getJsonObject("top_k").getInteger("maximum"))
          .isEqualTo(ContextOptions.MOST);
    }
  }

  @Test
  void asksForAKeyWhereOneIsConfigured() throws Exception {
    try (TestServer server = TestServer.start(Map.of("api-keys", "secret, other"))) {
      assertThat(server.get("/v1/models").statusCode()).isEqualTo(401);
      assertThat(
              server
                  .send(server.request("/v1/models").header("Authorization", "Bearer wrong"))
                  .statusCode())
          .isEqualTo(401);
      assertThat(
              server
                  .send(server.request("/v1/models").header("Authorization", "Bearer other"))
                  .statusCode())
          .isEqualTo(200);
      assertThat(server.get("/health/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void allowsOriginsOnlyWhereConfigured() throws Exception {
    try (TestServer closed = TestServer.start(Map.of());
        TestServer open = TestServer.start(Map.of("cors-origins", "https://page.example"))) {
      assertThat(origin(closed)).isEmpty();
      assertThat(origin(open)).isEqualTo("https://page.example");
    }
  }

  private static String origin(TestServer server) throws Exception {
    return server
        .send(server.request("/v1/models").header("Origin", "https://page.example"))
        .headers()
        .firstValue("Access-Control-Allow-Origin")
        .orElse("");
  }

  @Test
  void showsMeters() throws Exception {
    try (TestServer server = TestServer.start(Map.of())) {
      server.chat("{\"messages\": [{\"role\": \"user\", \"content\": \"?\"}], \"max_tokens\": 3}");

      assertThat(server.get("/metrics").body())
          .contains("gibbon_tokens_total{kind=\"completion\"} 3.0")
          .contains("gibbon_answers_total{outcome=\"length\"} 1.0")
          .contains("gibbon_answers_first_token_seconds_count 1")
          .contains("gibbon_cache_size_bytes");
    }
  }
}
