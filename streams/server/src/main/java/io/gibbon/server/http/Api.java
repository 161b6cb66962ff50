package io.gibbon.server.http;

import io.gibbon.runtime.Profile;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.AnswerListener;
import io.gibbon.server.answer.AnswerService;
import io.gibbon.server.answer.CalibrationService;
import io.gibbon.server.answer.RequestException;
import io.gibbon.server.documents.DocumentWriter;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.StateReader;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Every operation of the description and the code that answers it. */
public final class Api implements AutoCloseable {

  private final ServerConfig config;
  private final Contract contract;
  private final Profile profile;
  private final AnswerService answers;
  private final StateReader states;
  private final DocumentHandlers documents;
  private final CalibrationHandlers calibration;
  private final PrometheusMeterRegistry registry;
  private final BooleanSupplier works;
  private final RequestReader reader;
  private final Calls calls;
  private final long created = System.currentTimeMillis() / 1000;

  /** Answers one call. Runs on a virtual thread and may block, but for health checks. */
  @FunctionalInterface
  interface Handler {
    void handle(Call call) throws InterruptedException;
  }

  /**
   * A call on its way: what of the request handlers need, read on the event loop.
   *
   * @param path path parameters, decoded
   * @param query query parameters
   * @param body the validated body, or an empty object
   * @param reply answers it
   * @param routing Vert.x' own view
   */
  record Call(
      Map<String, String> path,
      MultiMap query,
      JsonObject body,
      Reply reply,
      RoutingContext routing) {

    Context context() {
      return reply.context();
    }

    DocumentId document() {
      return new DocumentId(path.get("collection"), path.get("id"));
    }
  }

  /**
   * All that the API needs.
   *
   * @param writer null where no Kafka is configured
   * @param works whether answers are possible at all; never waits
   */
  public Api(
      Vertx vertx,
      ServerConfig config,
      Contract contract,
      Profile profile,
      AnswerService answers,
      CalibrationService calibration,
      StateReader states,
      @Nullable DocumentWriter writer,
      PrometheusMeterRegistry registry,
      BooleanSupplier works) {
    this.config = config;
    this.contract = contract;
    this.profile = profile;
    this.answers = answers;
    this.states = states;
    this.calibration = new CalibrationHandlers(calibration, states);
    this.documents = new DocumentHandlers(states, writer, config);
    this.registry = registry;
    this.works = works;
    this.reader = new RequestReader(config);
    this.calls = new Calls(vertx, config, contract);
  }

  /** A router with all routes. */
  public Router router() {
    return calls.router(handlers());
  }

  /** Refuses new calls, and waits until those under way have replied or handed over. */
  @Override
  public void close() {
    calls.close();
  }

  /** The handler of each operation id. */
  private Map<String, Handler> handlers() {
    Map<String, Handler> handlers = new HashMap<>();
    handlers.put(
        "createChatCompletion", call -> answer(call, Format.CHAT, reader.chat(call.body())));
    handlers.put(
        "createCompletion",
        call -> answer(call, Format.COMPLETION, reader.completion(call.body())));
    handlers.put("listModels", call -> call.reply().json(200, list(model())));
    handlers.put("getModel", this::model);
    handlers.put("listCollections", call -> documents.list(call.reply()));
    handlers.put(
        "putDocument",
        call -> documents.put(call.document(), call.body(), call.query(), call.reply()));
    handlers.put("getDocument", call -> documents.get(call.document(), call.query(), call.reply()));
    handlers.put(
        "deleteDocument", call -> documents.delete(call.document(), call.query(), call.reply()));
    handlers.put("startCalibration", call -> calibration.start(call.body(), call.reply()));
    handlers.put("getCalibration", call -> calibration.get(call.reply()));
    handlers.put("live", this::live);
    handlers.put("ready", this::ready);
    handlers.put(
        "metrics", call -> call.reply().text(200, "text/plain; version=0.0.4", registry.scrape()));
    handlers.put("openapiJson", call -> call.reply().json(200, contract.json()));
    handlers.put(
        "openapiYaml", call -> call.reply().text(200, "application/yaml", contract.yaml()));
    return handlers;
  }

  private void answer(Call call, Format format, RequestReader.Request request) {
    Envelope envelope =
        Envelope.of(format, request.answer(), profile.model(), profile.fingerprint());
    Cancellation cancellation = Cancellation.whenClosed(call);
    AnswerListener listener;
    if (request.stream()) {
      EventStream events =
          new EventStream(
              call.context(),
              call.routing().response(),
              config.maxQueuedEvents(),
              cancellation::cancel);
      listener = new StreamedAnswer(call.reply(), events, envelope, request);
    } else {
      listener = new WholeAnswer(call.reply(), envelope, request);
    }
    cancellation.of(answers.answer(request.answer(), listener));
  }

  private void model(Call call) {
    String name = call.path().get("model");
    if (!name.equals(profile.model())) {
      throw RequestException.notFound(
          "model",
          "model_not_found",
          "The model '%s' does not exist; this server has '%s'.".formatted(name, profile.model()));
    }
    call.reply().json(200, model());
  }

  private JsonObject model() {
    return new JsonObject()
        .put("id", profile.model())
        .put("object", "model")
        .put("created", created)
        .put("owned_by", "gibbon")
        .put(
            "gibbon",
            new JsonObject()
                .put("fingerprint", profile.fingerprint())
                .put("window", profile.window())
                .put("prefix_tokens", profile.prefixTokens())
                .put("context_tokens", profile.contextTokens()));
  }

  private void live(Call call) {
    boolean live = works.getAsBoolean();
    call.reply().json(live ? 200 : 503, status(live ? "live" : "failed"));
  }

  private void ready(Call call) {
    boolean ready = states.ready();
    call.reply().json(ready ? 200 : 503, status(ready ? "ready" : "restoring"));
  }

  private static JsonObject status(String status) {
    return new JsonObject().put("status", status);
  }

  private static JsonObject list(JsonObject only) {
    return new JsonObject().put("object", "list").put("data", JsonArray.of(only));
  }
}
