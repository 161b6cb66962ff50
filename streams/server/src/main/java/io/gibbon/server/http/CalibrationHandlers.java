package io.gibbon.server.http;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.calibrate.CalibrationReport;
import io.gibbon.server.answer.CalibrationService;
import io.gibbon.topology.StateReader;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Locale;

/** Starts calibrations and tells how far they are. Every method may block. */
final class CalibrationHandlers {

  private static final int ACCEPTED = 202;

  private final CalibrationService service;
  private final StateReader states;

  CalibrationHandlers(CalibrationService service, StateReader states) {
    this.service = service;
    this.states = states;
  }

  void start(JsonObject body, Reply reply) {
    service.start(body.getString("collection"), body.getLong("seed", 1L));
    reply.json(ACCEPTED, status());
  }

  void get(Reply reply) {
    reply.json(200, status());
  }

  private JsonObject status() {
    CalibrationService.Status status = service.status();
    JsonObject json =
        new JsonObject()
            .put("state", status.state().name().toLowerCase(Locale.ROOT))
            .put("progress", status.progress());
    if (status.seed() != null) {
      json.put("seed", status.seed());
    }
    states.calibration().ifPresent(used -> json.put("used", factors(used)));
    if (status.report() != null) {
      json.put("report", report(status.report()).put("complete", status.complete()));
    }
    if (status.reason() != null) {
      json.put("reason", status.reason());
    }
    return json;
  }

  private static JsonObject report(CalibrationReport report) {
    return new JsonObject()
        .put("found", factors(report.found()))
        .put("better", report.better())
        .put("gain", report.gain())
        .put("interval", JsonArray.of(report.interval().low(), report.interval().high()))
        .put("logprob", report.logprob())
        .put("heads_precision", report.precision())
        .put("heads_used", report.pointing())
        .put("questions", report.questions());
  }

  private static JsonObject factors(Calibration calibration) {
    JsonArray heads = new JsonArray();
    calibration
        .heads()
        .forEach(
            head ->
                heads.add(new JsonObject().put("layer", head.layer()).put("head", head.head())));
    return new JsonObject()
        .put("attention_temperature", calibration.attentionTemperature())
        .put("scaling_factor", calibration.scalingFactor())
        .put("heads", heads);
  }
}
