package io.gibbon.examples;

import io.gibbon.runtime.ModelRuntime;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.server.GibbonVerticle;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.Engine;
import io.gibbon.topology.GibbonStreams;
import io.gibbon.topology.TopologyConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.Map;

/** A Vert.x application that offers Gibbon's API beside its own. */
public final class AddGibbonToVertx {

  private AddGibbonToVertx() {}

  /** Runs with a model file and Kafka's bootstrap servers. */
  public static void main(String[] args) {
    Map<String, String> kafka = Map.of("kafka.bootstrap.servers", args[1]);
    ModelRuntime runtime = ModelRuntime.open(RuntimeConfig.of(Path.of(args[0])));
    GibbonStreams streams = new GibbonStreams(TopologyConfig.of(kafka), runtime);
    streams.start();

    Vertx vertx = Vertx.vertx();
    GibbonVerticle gibbon =
        new GibbonVerticle(
            ServerConfig.of(kafka),
            Engine.of(runtime),
            streams.reader(),
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    vertx
        .deployVerticle(gibbon)
        .onSuccess(id -> System.out.println("Listening on port " + gibbon.port()))
        .onFailure(Throwable::printStackTrace);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  vertx.close().await();
                  streams.close();
                  runtime.close();
                }));
  }
}
