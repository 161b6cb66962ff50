package io.gibbon.topology.internals;

import io.gibbon.schemas.CalibrationRecord;
import io.gibbon.schemas.ProfileRecord;
import io.gibbon.schemas.serde.InvalidRecordException;
import io.gibbon.schemas.serde.RecordSerde;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hears every record of the record of profiles, in its order: what is there already before the
 * application starts to work, then what comes. Used by Kafka Streams' global thread.
 */
final class ProfileListener extends ContextualProcessor<byte[], byte[], Void, Void> {

  private static final Deserializer<ProfileRecord> RECORDS =
      RecordSerde.of(ProfileRecord.class).deserializer();
  private static final Logger LOG = LoggerFactory.getLogger(ProfileListener.class);

  private static final Deserializer<CalibrationRecord> CALIBRATIONS =
      RecordSerde.of(CalibrationRecord.class).deserializer();

  private final Profiles profiles;
  private final Calibrations calibrations;

  ProfileListener(Profiles profiles, Calibrations calibrations) {
    this.profiles = profiles;
    this.calibrations = calibrations;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (record.value() == null) {
      return;
    }
    try {
      if (Calibrations.isKey(record.key())) {
        calibrations.hear(CALIBRATIONS.deserialize("", record.value()));
      } else {
        profiles.hear(RECORDS.deserialize("", record.value()));
      }
    } catch (InvalidRecordException e) {
      LOG.warn("a record of the record of profiles cannot be read: {}", e.getMessage());
    }
  }
}
