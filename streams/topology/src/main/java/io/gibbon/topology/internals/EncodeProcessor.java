package io.gibbon.topology.internals;

import io.gibbon.runtime.Encoder;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import io.gibbon.topology.Version;
import io.gibbon.topology.internals.index.LiveDirectory;
import java.time.Duration;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Keeps and encodes the documents of one partition. A record only changes stores; the work is done
 * by the runtime, and a punctuation, which comes often only while there is something to do, hands
 * over and collects. It begins when the record of profiles has heard of it: then no instance can
 * take the states that it writes for leavings of a profile that nobody keeps. Used by one stream
 * thread.
 */
final class EncodeProcessor implements Processor<byte[], byte[], byte[], Output> {

  private static final Deserializer<Document> DOCUMENTS =
      RecordSerde.of(Document.class).deserializer();

  /** How often the record of profiles is looked at by who has nothing else to do. */
  private static final Duration REST = Duration.ofMinutes(1);

  /** As {@link #REST}, while another profile is coming. */
  private static final Duration WATCH = Duration.ofSeconds(1);

  private static final Duration EXPIRY = Duration.ofHours(1);

  private final TopologyConfig config;
  private final Encoder encoder;
  private final EncoderRoom room;
  private final Profiles profiles;
  private final OpenStores open;
  private final DiskGuard disk;
  private final Backpressure backpressure;
  private final TopologyMetrics metrics;

  private ProcessorContext<byte[], Output> context;
  private Stores stores;
  private EncodeQueue queue;
  private Lifecycle lifecycle;
  private Repair repair;
  private ProfileReporter reporter;
  private DocumentScan expiry;
  private @Nullable LiveDirectory live;
  private ObsoletePages obsolete;
  private @Nullable Cancellable expiryClock;
  private @Nullable Cancellable punctuation;
  private @Nullable Duration pace;
  private boolean diskFull;

  EncodeProcessor(
      TopologyConfig config,
      Encoder encoder,
      EncoderRoom room,
      Profiles profiles,
      OpenStores open,
      DiskGuard disk,
      Backpressure backpressure,
      TopologyMetrics metrics) {
    this.config = config;
    this.encoder = encoder;
    this.room = room;
    this.profiles = profiles;
    this.open = open;
    this.disk = disk;
    this.backpressure = backpressure;
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], Output> context) {
    this.context = context;
    String profile = encoder.profile().fingerprint();
    stores = Stores.of(context);
    EncodingWriter writer = new EncodingWriter(stores, profile, config, metrics);
    obsolete = new ObsoletePages(writer);
    lifecycle =
        new Lifecycle(
            context, stores, writer, obsolete, open::replaced, encoder, room, config, metrics);
    queue = lifecycle.queue();
    repair = new Repair(stores, profiles, lifecycle, queue, writer, obsolete);
    reporter = new ProfileReporter(context, profiles, repair);
    expiry = new DocumentScan(stores, () -> true, lifecycle::expireMarker);
    queue.load();
    expiryClock = context.schedule(EXPIRY, PunctuationType.WALL_CLOCK_TIME, now -> expire());
    wake();
    live = new LiveDirectory(context.stateDir().toPath(), LiveDirectory.INTERVAL);
    open.open(context.taskId().partition(), stores);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    reporter.step();
    DocumentId document = TopicKeys.document(record.key());
    RecordMetadata metadata =
        context.recordMetadata().orElseThrow(() -> new IllegalStateException("no metadata"));
    Version version = new Version(record.timestamp(), metadata.offset());
    if (record.value() == null) {
      lifecycle.delete(document, version);
    } else {
      lifecycle.accept(
          document,
          DOCUMENTS.deserialize(metadata.topic(), record.value()),
          version,
          DeadLetters.source(record.headers()));
    }
    hold();
    wake();
  }

  private void expire() {
    expiry.restart();
    wake();
  }

  private void punctuate(long now) {
    diskFull = disk.isFull(context.stateDir(), now);
    if (!diskFull) {
      queue.collect();
    }
    if (room.isClosed()) {
      queue.takeBack();
    } else {
      expiry.step();
      if (reporter.isHeard()) {
        repairAndEncode();
      }
    }
    reporter.step();
    obsolete.step(now);
    hold();
    pace(isIdle() ? leisure() : config.punctuation());
  }

  /**
   * A full disk begins no new work, and nothing finished is written; what deletes goes on, or the
   * disk would stay full.
   */
  private void repairAndEncode() {
    repair.step(!diskFull);
    if (diskFull) {
      return;
    }
    queue.handOver();
    if (queue.count()) {
      context.commit();
    }
  }

  private void hold() {
    backpressure.set(context.taskId().partition(), diskFull || queue.fullness() >= 1);
  }

  private boolean isIdle() {
    return reporter.isHeard()
        && queue.isEmpty()
        && repair.isDone()
        && expiry.isDone()
        && obsolete.isEmpty()
        && !diskFull;
  }

  private Duration leisure() {
    return reporter.isSettled() ? REST : WATCH;
  }

  private void wake() {
    pace(config.punctuation());
  }

  /** Every punctuation costs a transaction, so they come seldom while there is nothing to do. */
  private void pace(Duration wanted) {
    if (!wanted.equals(pace)) {
      cancel(punctuation);
      pace = wanted;
      punctuation = context.schedule(wanted, PunctuationType.WALL_CLOCK_TIME, this::punctuate);
    }
  }

  private static void cancel(@Nullable Cancellable clock) {
    if (clock != null) {
      clock.cancel();
    }
  }

  /** A task whose transaction was aborted is closed and then begins anew with this same object. */
  @Override
  public void close() {
    open.close(context.taskId().partition(), stores);
    if (live != null) {
      live.close();
    }
    cancel(expiryClock);
    cancel(punctuation);
    pace = null;
    queue.close();
    backpressure.set(context.taskId().partition(), false);
  }
}
