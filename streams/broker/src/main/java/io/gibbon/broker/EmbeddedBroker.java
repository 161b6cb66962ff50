package io.gibbon.broker;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Kafka node, broker and KRaft controller in one, inside this process. It listens on 127.0.0.1
 * only and keeps everything in one directory, which it formats on first start and reuses, cluster
 * id and all, ever after.
 *
 * <p>Meant for a single machine: everything has one replica. Topics are not created by being named.
 * Thread-safe.
 */
public final class EmbeddedBroker implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
  private static final String HOST = "127.0.0.1";
  private static final int NODE_ID = 1;
  private static final int ATTEMPTS_ON_FREE_PORTS = 5;

  private final FileChannel lock;
  private final KafkaRaftServer server;
  private final int port;

  private EmbeddedBroker(FileChannel lock, KafkaRaftServer server, int port) {
    this.lock = lock;
    this.server = server;
    this.port = port;
  }

  /**
   * Starts a broker and returns when it serves.
   *
   * @param dataDir where logs and metadata live; created if missing
   * @param port where clients connect, 0 for any free one
   * @throws BrokerException if the port is taken, another broker uses the directory, or the disk
   *     refuses
   */
  public static EmbeddedBroker start(Path dataDir, int port) {
    haltWithReason();
    if (port != 0 && !isFree(port)) {
      throw new BrokerException(
          "port %d of %s is in use: stop what listens there or choose another port"
              .formatted(port, HOST),
          null);
    }
    Path directory = dataDir.toAbsolutePath();
    FileChannel lock = lock(directory);
    for (int attempt = 1; ; attempt++) {
      int clientPort = port == 0 ? freePort() : port;
      try {
        return new EmbeddedBroker(lock, launch(directory, clientPort), clientPort);
      } catch (Exception e) {
        boolean lostRaceForPort = find(e, BindException.class, "in use") != null;
        if (!lostRaceForPort || attempt == ATTEMPTS_ON_FREE_PORTS) {
          closeQuietly(lock);
          throw explain(directory, clientPort, e);
        }
      }
    }
  }

  /** Where clients connect: {@code 127.0.0.1:port}. */
  public String bootstrapServers() {
    return HOST + ":" + port;
  }

  /** The port where clients connect. */
  public int port() {
    return port;
  }

  /** Writes out what is in memory and stops. Idempotent. */
  @Override
  public void close() {
    server.shutdown();
    server.awaitShutdown();
    closeQuietly(lock);
  }

  /** Kafka's own lock comes too late: by then a second controller has opened the metadata log. */
  private static FileChannel lock(Path directory) {
    FileChannel channel;
    try {
      Files.createDirectories(directory);
      channel = FileChannel.open(directory.resolve("broker.lock"), CREATE, WRITE);
      if (isLocked(channel)) {
        return channel;
      }
    } catch (IOException e) {
      throw explain(directory, 0, e);
    }
    closeQuietly(channel);
    throw new BrokerException(
        "%s is used by another running broker: stop it or choose another data directory"
            .formatted(directory),
        null);
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException heldByThisProcess) {
      return false;
    }
  }

  private static void closeQuietly(FileChannel lock) {
    try {
      lock.close();
    } catch (IOException e) {
      LOG.debug("the lock went with the process", e);
    }
  }

  private static KafkaRaftServer launch(Path directory, int port) throws Exception {
    format(directory);
    KafkaConfig config = new KafkaConfig(settings(directory, port, freePort()), false);
    KafkaRaftServer server = new KafkaRaftServer(config, Time.SYSTEM);
    try {
      server.startup();
    } catch (Throwable e) {
      server.shutdown();
      throw e;
    }
    return server;
  }

  private static void format(Path directory) throws Exception {
    if (Files.exists(directory.resolve("meta.properties"))) {
      return;
    }
    Formatter formatter =
        new Formatter()
            .setPrintStream(new PrintStream(OutputStream.nullOutputStream()))
            .setSupportedFeatures(List.copyOf(Feature.PRODUCTION_FEATURES))
            .setReleaseVersion(MetadataVersion.latestProduction())
            .setNodeId(NODE_ID)
            .setClusterId(Uuid.randomUuid().toString())
            .setControllerListenerName("CONTROLLER")
            .setMetadataLogDirectory(directory.toString())
            .addDirectory(directory.toString());
    formatter.run();
  }

  private static Properties settings(Path directory, int port, int controllerPort) {
    Properties p = new Properties();
    p.setProperty("process.roles", "broker,controller");
    p.setProperty("node.id", Integer.toString(NODE_ID));
    p.setProperty(
        "listeners",
        "CLIENT://%s:%d,CONTROLLER://%s:%d".formatted(HOST, port, HOST, controllerPort));
    p.setProperty("advertised.listeners", "CLIENT://%s:%d".formatted(HOST, port));
    p.setProperty("listener.security.protocol.map", "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    p.setProperty("inter.broker.listener.name", "CLIENT");
    p.setProperty("controller.listener.names", "CONTROLLER");
    p.setProperty("controller.quorum.voters", "%d@%s:%d".formatted(NODE_ID, HOST, controllerPort));
    p.setProperty("log.dirs", directory.toString());
    p.setProperty("auto.create.topics.enable", "false");
    p.setProperty("default.replication.factor", "1");
    p.setProperty("group.initial.rebalance.delay.ms", "0");
    for (String topic :
        List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
      p.setProperty(topic + ".num.partitions", "4");
      p.setProperty(topic + ".replication.factor", "1");
    }
    p.setProperty("transaction.state.log.min.isr", "1");
    p.setProperty("share.coordinator.state.topic.min.isr", "1");
    // A laptop's share of threads and memory: the model needs the cores.
    p.setProperty("num.network.threads", "2");
    p.setProperty("num.io.threads", "4");
    p.setProperty("background.threads", "2");
    p.setProperty("log.cleaner.dedupe.buffer.size", Integer.toString(16 << 20));
    return p;
  }

  /** Kafka halts the process when its disk fails; it must not do so without a word. */
  private static void haltWithReason() {
    Exit.setHaltProcedure(EmbeddedBroker::halt);
    Exit.setExitProcedure(EmbeddedBroker::halt);
  }

  private static void halt(int status, @Nullable String message) {
    String reason = message == null ? "its disk is full or failed" : message;
    LOG.error("the embedded broker cannot go on: {}", reason);
    System.err.printf(
        "gibbon: the embedded broker cannot go on: %s. Nothing acknowledged is lost; free space, then start again.%n",
        reason);
    Runtime.getRuntime().halt(status);
  }

  private static BrokerException explain(Path directory, int port, Exception e) {
    if (find(e, BindException.class, "in use") != null) {
      return new BrokerException("port %d of %s is in use".formatted(port, HOST), e);
    }
    if (find(e, IOException.class, "No space left") != null) {
      return new BrokerException(
          "the disk of %s is full: free some space and start again".formatted(directory), e);
    }
    if (!Files.isWritable(directory)) {
      return new BrokerException("%s cannot be written".formatted(directory), e);
    }
    return new BrokerException(
        "the embedded broker did not start in %s: %s".formatted(directory, e.getMessage()), e);
  }

  private static @Nullable Throwable find(
      Throwable error, Class<? extends Throwable> type, String words) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      if (type.isInstance(e) && e.getMessage() != null && e.getMessage().contains(words)) {
        return e;
      }
    }
    return null;
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(HOST, port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new BrokerException("no free port on " + HOST, e);
    }
  }
}
