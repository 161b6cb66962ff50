package io.gibbon.cli;

import io.gibbon.broker.EmbeddedBroker;
import io.gibbon.cli.config.GibbonConfig;
import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.download.ModelStore;
import io.gibbon.server.GibbonMeters;
import io.gibbon.server.GibbonVerticle;
import io.gibbon.server.HttpDoor;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.Engine;
import io.gibbon.topology.GibbonStreams;
import io.gibbon.topology.TopologyMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import java.net.BindException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole of Gibbon in one process, put together here and nowhere else: broker (embedded or
 * somebody's), model runtime, topology, server. What is started last is closed first. Thread-safe.
 */
public final class Gibbon implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Gibbon.class);
  private static final long STOP_SECONDS = 20;

  private final GibbonConfig config;
  private final Consumer<String> progress;
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final GibbonStreams streams;
  private final GibbonVerticle verticle;

  /**
   * Starts everything; returns when the server answers, before stores are restored. It listens
   * first of all: whoever asks early waits.
   *
   * @param progress told in a few words what is being done
   * @throws RuntimeException with a message for people; nothing stays started then
   */
  public static Gibbon start(GibbonConfig config, Consumer<String> progress) {
    return new Gibbon(config, progress);
  }

  private Gibbon(GibbonConfig wanted, Consumer<String> progress) {
    this.progress = progress;
    try (ExecutorService beside = Executors.newVirtualThreadPerTaskExecutor()) {
      keep(DataLock.take(wanted.data()));
      Vertx vertx = Vertx.vertx();
      keep(() -> await(vertx.close(), "stopping the server"));
      HttpDoor http = listen(vertx, wanted.server());
      Future<ModelRuntime> model = beside.submit(() -> openModel(wanted));
      config = withKafka(wanted);
      ModelRuntime runtime = result(model);
      streams = keep(new GibbonStreams(config.topology(), runtime));
      progress.accept("starting the topology");
      streams.start();
      verticle = serve(vertx, http, runtime);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static <T> T result(Future<T> started) {
    try {
      return started.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        default -> throw new IllegalStateException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  private <T extends AutoCloseable> T keep(T part) {
    synchronized (parts) {
      parts.push(part);
    }
    return part;
  }

  private GibbonConfig withKafka(GibbonConfig wanted) {
    if (!wanted.bootstrapServers().isEmpty()) {
      return wanted;
    }
    progress.accept("starting the embedded broker");
    EmbeddedBroker broker =
        keep(EmbeddedBroker.start(wanted.data().resolve("broker"), wanted.brokerPort()));
    return wanted.with(Map.of("kafka.bootstrap.servers", broker.bootstrapServers()));
  }

  private ModelRuntime openModel(GibbonConfig wanted) {
    Path file = new ModelStore().resolve(wanted.model(), new DownloadProgress(progress));
    progress.accept("opening the model " + file.getFileName());
    return keep(ModelRuntime.open(wanted.runtime(file)));
  }

  private static HttpDoor listen(Vertx vertx, ServerConfig config) {
    return await(HttpDoor.listen(vertx, config), "listening on port " + config.port());
  }

  private GibbonVerticle serve(Vertx vertx, HttpDoor http, ModelRuntime runtime) {
    progress.accept("starting the server");
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    GibbonMeters.bind(registry, streams.metrics());
    GibbonVerticle deployed =
        new GibbonVerticle(config.server(), Engine.of(runtime), streams.reader(), registry, http);
    String id = await(vertx.deployVerticle(deployed), "starting the server");
    keep(() -> await(vertx.undeploy(id), "stopping the server"));
    return deployed;
  }

  private static <T> T await(io.vertx.core.Future<T> future, String action) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof BindException
          ? new UserException(action + ": the port is in use; choose another with --port", e)
          : new UserException("%s failed: %s".formatted(action, e.getCause().getMessage()), e);
    } catch (TimeoutException e) {
      throw new UserException("%s took more than %d s".formatted(action, STOP_SECONDS), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException(action + " was interrupted", e);
    }
  }

  /**
   * Waits until the stores are restored.
   *
   * @throws UserException if the topology stops by itself, or it takes longer
   */
  public void awaitReady(Duration patience) {
    progress.accept("restoring what is stored");
    long end = System.nanoTime() + patience.toNanos();
    while (!streams.ready()) {
      failure()
          .ifPresent(
              reason -> {
                throw new UserException(reason);
              });
      if (System.nanoTime() > end) {
        throw new UserException(
            "not ready after %d s: see the log with -v".formatted(patience.toSeconds()));
      }
      sleep(Duration.ofMillis(20));
    }
  }

  /**
   * Waits until topology, model or server stop by themselves, for good; returns why. Interruption
   * ends the waiting.
   */
  public String awaitFailure() {
    while (true) {
      Optional<String> failure = failure();
      if (failure.isPresent()) {
        return failure.get();
      }
      sleep(Duration.ofSeconds(1));
    }
  }

  private static void sleep(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  /** Why topology, model or server have stopped by themselves, or empty while all work. */
  public Optional<String> failure() {
    return streams.failure().or(verticle::failure);
  }

  /** The configuration, with the address of the broker that is used. */
  public GibbonConfig config() {
    return config;
  }

  /** Where clients reach the server. */
  public String url() {
    String host = config.server().host();
    String reachable = host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host;
    return "http://%s:%d".formatted(reachable, verticle.port());
  }

  /** What the topology has done in this process. */
  public TopologyMetrics metrics() {
    return streams.metrics();
  }

  /**
   * Stops everything, last started first. What is acknowledged stays; the group is left at once.
   * Idempotent.
   */
  @Override
  public void close() {
    synchronized (parts) {
      while (!parts.isEmpty()) {
        AutoCloseable part = parts.pop();
        try {
          part.close();
        } catch (Exception e) {
          LOG.warn("{} did not stop in order: {}", part.getClass().getSimpleName(), e.toString());
        }
      }
    }
  }
}
