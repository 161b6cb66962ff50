package io.gibbon.topology.internals;

import io.gibbon.runtime.Calibration;
import io.gibbon.runtime.engine.Head;
import io.gibbon.schemas.AttentionHead;
import io.gibbon.schemas.CalibrationRecord;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.StateUnavailableException;
import io.gibbon.topology.TopologyConfig;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was learnt about our own profile. It stands in the record of profiles, so that all instances
 * know it, and those that start later. Thread-safe.
 */
public final class Calibrations {

  private static final String KEY = "CALIBRATION/";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final RecordSerde<CalibrationRecord> RECORDS =
      RecordSerde.of(CalibrationRecord.class);
  private static final Logger LOG = LoggerFactory.getLogger(Calibrations.class);

  private final TopologyConfig config;
  private final String profile;
  private volatile Optional<Calibration> current = Optional.empty();

  /**
   * Nothing is known yet.
   *
   * @param profile fingerprint of our own profile
   */
  public Calibrations(TopologyConfig config, String profile) {
    this.config = config;
    this.profile = profile;
  }

  /** Whether a record of the record of profiles is a calibration. */
  static boolean isKey(byte @Nullable [] key) {
    return key != null && TopicKeys.string(key).startsWith(KEY);
  }

  /** Takes the next record of the topic. */
  void hear(CalibrationRecord record) {
    if (!record.getProfile().equals(profile)) {
      return;
    }
    try {
      current =
          Optional.of(
              new Calibration(
                  record.getAttentionTemperature(),
                  record.getScalingFactor(),
                  record.getHeads().stream()
                      .map(head -> new Head(head.getLayer(), head.getHead()))
                      .toList()));
    } catch (IllegalArgumentException e) {
      LOG.warn("a calibration in the record of profiles is not valid: {}", e.getMessage());
    }
  }

  /** The last one heard. */
  Optional<Calibration> current() {
    return current;
  }

  /**
   * Tells all instances; returns when Kafka has it.
   *
   * @throws StateUnavailableException if Kafka does not take it
   */
  void keep(Calibration calibration) {
    CalibrationRecord record =
        new CalibrationRecord(
            profile,
            calibration.attentionTemperature(),
            calibration.scalingFactor(),
            calibration.heads().stream()
                .map(head -> new AttentionHead(head.layer(), head.head()))
                .toList());
    String topic = TopicNames.profiles(config.applicationId());
    Map<String, Object> settings = new HashMap<>(config.kafka());
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, PATIENCE.toMillis());
    // What is given up here must not be delivered later.
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
    settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis() / 2);
    settings.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    ByteArraySerializer bytes = new ByteArraySerializer();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, bytes, bytes)) {
      byte[] value = RECORDS.serializer().serialize("", record);
      producer
          .send(new ProducerRecord<>(topic, TopicKeys.bytes(KEY + profile), value))
          .get(2 * PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      throw new StateUnavailableException("Kafka did not take the calibration: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StateUnavailableException("interrupted");
    }
  }
}
