package io.gibbon.cli.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * How far a server's calibration is, and what it found once it is done.
 *
 * @param state {@code idle}, {@code running}, {@code done} or {@code failed}
 * @param seed that it draws by
 * @param progress part that is done
 * @param reason why it failed, or empty
 * @param temperature T found
 * @param scale S found
 * @param heads found, as layer.head
 * @param better whether T and S are better than T = S = 1 beyond chance
 * @param gain over T = S = 1, in nats a token
 * @param low end of the gain's interval
 * @param high end of the gain's interval
 * @param precision part of the questions whose context the heads find
 * @param questions how many it was judged by
 * @param complete whether it was drawn from all documents
 */
public record CalibrationStatus(
    String state,
    long seed,
    double progress,
    String reason,
    double temperature,
    double scale,
    List<String> heads,
    boolean better,
    double gain,
    double low,
    double high,
    double precision,
    boolean headsUsed,
    int questions,
    boolean complete) {

  static CalibrationStatus of(JsonNode json) {
    JsonNode report = json.path("report");
    JsonNode found = report.path("found");
    List<String> heads = new ArrayList<>();
    found
        .path("heads")
        .forEach(h -> heads.add(h.path("layer").asInt() + "." + h.path("head").asInt()));
    return new CalibrationStatus(
        json.path("state").asText(),
        json.path("seed").asLong(),
        json.path("progress").asDouble(),
        json.path("reason").asText(""),
        found.path("attention_temperature").asDouble(),
        found.path("scaling_factor").asDouble(),
        heads,
        report.path("better").asBoolean(),
        report.path("gain").asDouble(),
        report.path("interval").path(0).asDouble(),
        report.path("interval").path(1).asDouble(),
        report.path("heads_precision").asDouble(),
        report.path("heads_used").asBoolean(),
        report.path("questions").asInt(),
        report.path("complete").asBoolean());
  }
}
