package io.gibbon.topology.internals;

import io.gibbon.runtime.Encoder;
import io.gibbon.schemas.Document;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import io.gibbon.topology.Version;
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
 * by the runtime, and a punctuation, which is scheduled only while there is something to do, hands
 * over and collects. Used by one stream thread.
 */
final class EncodeProcessor implements Processor<byte[], byte[], byte[], Output> {

  private static final Deserializer<Document> DOCUMENTS =
      RecordSerde.of(Document.class).deserializer();
  private static final Duration EXPIRY = Duration.ofHours(1);
  private static final long DISK_CHECK_MILLIS = 1000;

  private final TopologyConfig config;
  private final Encoder encoder;
  private final EncoderRoom room;
  private final Backpressure backpressure;
  private final TopologyMetrics metrics;

  private ProcessorContext<byte[], Output> context;
  private EncodeQueue queue;
  private Lifecycle lifecycle;
  private Repair repair;
  private DocumentScan expiry;
  private ObsoletePages obsolete;
  private @Nullable Cancellable punctuation;
  private long diskChecked;
  private boolean diskFull;

  EncodeProcessor(
      TopologyConfig config,
      Encoder encoder,
      EncoderRoom room,
      Backpressure backpressure,
      TopologyMetrics metrics) {
    this.config = config;
    this.encoder = encoder;
    this.room = room;
    this.backpressure = backpressure;
    this.metrics = metrics;
  }

  @Override
  public void init(ProcessorContext<byte[], Output> context) {
    this.context = context;
    String profile = encoder.profile().fingerprint();
    Stores stores = Stores.of(context);
    EncodingWriter writer = new EncodingWriter(stores, profile, config, metrics);
    obsolete = new ObsoletePages(writer);
    lifecycle = new Lifecycle(context, stores, writer, obsolete, encoder, room, config, metrics);
    queue = lifecycle.queue();
    repair = new Repair(stores, lifecycle, queue, writer, obsolete, profile);
    expiry = new DocumentScan(stores, () -> true, lifecycle::expireMarker);
    queue.load();
    context.schedule(EXPIRY, PunctuationType.WALL_CLOCK_TIME, now -> expire());
    wake();
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
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
    checkDisk(now);
    queue.collect();
    if (room.isClosed()) {
      queue.takeBack();
    } else if (!diskFull) {
      repair.step();
      expiry.step();
      queue.handOver();
      if (queue.count()) {
        context.commit();
      }
    }
    obsolete.step(now);
    hold();
    if (isIdle()) {
      sleep();
    }
  }

  private void checkDisk(long now) {
    if (now - diskChecked >= DISK_CHECK_MILLIS) {
      diskChecked = now;
      diskFull = context.stateDir().getUsableSpace() < config.minFreeDisk();
    }
  }

  private void hold() {
    backpressure.set(context.taskId().partition(), diskFull || queue.fullness() >= 1);
  }

  private boolean isIdle() {
    return queue.isEmpty() && repair.isDone() && expiry.isDone() && obsolete.isEmpty() && !diskFull;
  }

  /** Every punctuation costs a transaction, so an idle partition has none. */
  private void wake() {
    if (punctuation == null) {
      punctuation =
          context.schedule(config.punctuation(), PunctuationType.WALL_CLOCK_TIME, this::punctuate);
    }
  }

  private void sleep() {
    if (punctuation != null) {
      punctuation.cancel();
      punctuation = null;
    }
  }

  @Override
  public void close() {
    queue.close();
    backpressure.set(context.taskId().partition(), false);
  }
}
