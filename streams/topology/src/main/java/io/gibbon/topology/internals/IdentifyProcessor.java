package io.gibbon.topology.internals;

import io.gibbon.schemas.Document;
import io.gibbon.schemas.SourceRecord;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.schemas.serde.RegistryUnavailableException;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what users produced, names the document it speaks of, and sends it to that document's
 * partition. Whatever can never be a document becomes a dead letter, and the partition goes on.
 * Deserializing happens here and not in Kafka's source, so that a dead letter has the record's own
 * bytes. Used by one stream thread.
 */
final class IdentifyProcessor implements Processor<byte[], byte[], byte[], Output> {

  private static final Serializer<Document> CANONICAL = RecordSerde.of(Document.class).serializer();

  private static final Logger LOG = LoggerFactory.getLogger(IdentifyProcessor.class);

  private final TopologyConfig config;
  private final TopologyMetrics metrics;
  private final DeadLetters deadLetters;
  private final DocumentReader reader;
  private ProcessorContext<byte[], Output> context;

  IdentifyProcessor(TopologyConfig config, DocumentReader reader, TopologyMetrics metrics) {
    this.config = config;
    this.metrics = metrics;
    this.deadLetters = new DeadLetters(config.maxDocumentBytes());
    this.reader = reader;
  }

  @Override
  public void init(ProcessorContext<byte[], Output> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RecordMetadata metadata =
        context.recordMetadata().orElseThrow(() -> new IllegalStateException("no metadata"));
    SourceRecord source =
        new SourceRecord(metadata.topic(), metadata.partition(), metadata.offset());
    context.forward(result(record, source));
  }

  /**
   * Whatever a record makes the reading of it throw, it must not stop the partition. That the
   * registry cannot be asked is no fault of the record: {@link RegistryGate} lets next to none in
   * then, and where one is in all the same, as with a host's own clients, the thread is replaced
   * and reads it again.
   */
  private Record<byte[], Output> result(Record<byte[], byte[]> record, SourceRecord source) {
    try {
      return identified(record, source);
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (InvalidRecordException e) {
      return deadLetter(record, source, Reasons.of(e));
    } catch (RuntimeException | StackOverflowError e) {
      LOG.debug("{} cannot be read", source, e);
      return deadLetter(record, source, "cannot be read: " + Reasons.of(e));
    }
  }

  private Record<byte[], Output> deadLetter(
      Record<byte[], byte[]> record, SourceRecord source, String reason) {
    metrics.deadLetters.increment();
    return deadLetters.of(
        record.key(),
        record.value(),
        record.headers(),
        context.currentSystemTimeMs(),
        source,
        reason);
  }

  private Record<byte[], Output> identified(Record<byte[], byte[]> record, SourceRecord source) {
    checkTimestamp(record.timestamp());
    DocumentReader.Content content = reader.read(source.getTopic(), record.key(), record.value());
    Document document = content.document();
    byte[] value = document == null ? null : canonical(document);
    return new Record<>(
        TopicKeys.of(content.id()),
        new Output.Identified(value),
        record.timestamp(),
        DeadLetters.withSource(record.headers(), source));
  }

  private void checkTimestamp(long timestamp) {
    long ahead = timestamp - context.currentSystemTimeMs();
    if (ahead > config.maxFutureSkew().toMillis()) {
      throw InvalidRecordException.of(
          "timestamp",
          "%d ms ahead of this machine's clock, the limit is %d"
              .formatted(ahead, config.maxFutureSkew().toMillis()));
    }
  }

  private byte @Nullable [] canonical(Document document) {
    byte[] bytes = CANONICAL.serialize("", document);
    if (bytes.length > config.maxDocumentBytes()) {
      throw InvalidRecordException.of(
          "%,d bytes as Avro, the limit is %,d: split the document"
              .formatted(bytes.length, config.maxDocumentBytes()));
    }
    return bytes;
  }
}
