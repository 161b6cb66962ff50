package io.gibbon.server;

import io.gibbon.server.answer.AnswerMeters;
import io.gibbon.server.answer.AnswerService;
import io.gibbon.server.answer.CalibrationService;
import io.gibbon.server.answer.Engine;
import io.gibbon.server.documents.DocumentWriter;
import io.gibbon.server.http.Api;
import io.gibbon.server.http.Contract;
import io.gibbon.server.kafka.GenerationDoor;
import io.gibbon.topology.StateReader;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Serves the API: a host application deploys it, as {@code gibbon up} does. The runtime and the
 * topology stay the host's to close, after the verticle is undeployed.
 */
public final class GibbonVerticle extends VerticleBase {

  private final ServerConfig config;
  private final Engine engine;
  private final StateReader states;
  private final PrometheusMeterRegistry registry;
  private final OwnMeters meters;
  private @Nullable AnswerService answers;
  private @Nullable CalibrationService calibration;
  private @Nullable DocumentWriter writer;
  private @Nullable Api api;
  private volatile @Nullable GenerationDoor door;
  private volatile @Nullable HttpDoor http;

  /**
   * A verticle over a runtime and a topology that run. It listens when it is deployed.
   *
   * @param registry takes our meters until the verticle is undeployed; {@code /metrics} shows all
   *     that is in it
   */
  public GibbonVerticle(
      ServerConfig config, Engine engine, StateReader states, PrometheusMeterRegistry registry) {
    this(config, engine, states, registry, null);
  }

  /**
   * A verticle behind a door that listens already, and that it opens when it is deployed and closes
   * when it is undeployed.
   */
  public GibbonVerticle(
      ServerConfig config,
      Engine engine,
      StateReader states,
      PrometheusMeterRegistry registry,
      @Nullable HttpDoor http) {
    this.config = config;
    this.engine = engine;
    this.states = states;
    this.registry = registry;
    this.http = http;
    this.meters = new OwnMeters(registry);
  }

  @Override
  public Future<?> start() {
    return Contract.load(vertx)
        .compose(contract -> vertx.executeBlocking(() -> open(contract)))
        .compose(opened -> listen().onSuccess(door -> door.open(opened.router())))
        .compose(listening -> vertx.executeBlocking(this::openDoor))
        .recover(failure -> stop().transform(closed -> Future.failedFuture(failure)));
  }

  private Api open(Contract contract) {
    GibbonMeters.bind(meters, engine.cache());
    writer = config.hasKafka() ? new DocumentWriter(config) : null;
    answers = new AnswerService(engine, states, config, new AnswerMeters(meters));
    calibration = new CalibrationService(engine, states);
    api =
        new Api(
            vertx,
            config,
            contract,
            engine.profile(),
            answers,
            calibration,
            states,
            writer,
            registry,
            () -> failure().isEmpty());
    return api;
  }

  /** Last, so that a server that cannot listen takes no questions. */
  private @Nullable GenerationDoor openDoor() {
    if (config.hasKafka() && answers != null) {
      door = new GenerationDoor(config, answers, engine.profile().model());
    }
    return door;
  }

  private Future<HttpDoor> listen() {
    HttpDoor listening = http;
    return listening == null
        ? HttpDoor.listen(vertx, config).onSuccess(door -> http = door)
        : Future.succeededFuture(listening);
  }

  /** Answers end while clients can still be told; only then connections are closed. */
  @Override
  public Future<?> stop() {
    return vertx
        .executeBlocking(
            () -> {
              close(door);
              close(api);
              close(calibration);
              close(answers);
              return null;
            })
        .eventually(this::closeHttp)
        .eventually(
            () ->
                vertx.executeBlocking(
                    () -> {
                      close(writer);
                      meters.close();
                      return null;
                    }));
  }

  private Future<Void> closeHttp() {
    HttpDoor listening = http;
    return listening == null ? Future.succeededFuture() : listening.close();
  }

  private static void close(@Nullable AutoCloseable part) throws Exception {
    if (part != null) {
      part.close();
    }
  }

  /**
   * Why answers are no longer possible, one line, or empty while they are. {@code /health/live}
   * tells it too. Thread-safe, never waits.
   */
  public Optional<String> failure() {
    GenerationDoor opened = door;
    return engine
        .generator()
        .failure()
        .or(() -> opened == null ? Optional.empty() : opened.failure());
  }

  /** The port it listens on. Known once the verticle is deployed. */
  public int port() {
    HttpDoor listening = http;
    if (listening == null) {
      throw new IllegalStateException("not deployed");
    }
    return listening.port();
  }
}
