package io.gibbon.topology.internals;

import io.gibbon.schemas.ProfileRecord;
import io.gibbon.schemas.serde.RecordSerde;
import io.gibbon.topology.internals.Profiles.Standing;
import java.util.UUID;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Tells the record of profiles what the owner of one partition has to say. What it says belongs to
 * the same transaction as what it did. Used by one stream thread.
 */
final class ProfileReporter {

  private static final Serializer<ProfileRecord> RECORDS =
      RecordSerde.of(ProfileRecord.class).serializer();

  private final ProcessorContext<byte[], Output> context;
  private final Profiles profiles;
  private final Repair repair;
  private final int partition;
  private final String owner = UUID.randomUUID().toString();

  ProfileReporter(ProcessorContext<byte[], Output> context, Profiles profiles, Repair repair) {
    this.context = context;
    this.profiles = profiles;
    this.repair = repair;
    this.partition = context.taskId().partition();
  }

  /** Says what the record does not hold yet; calls that change nothing cost little. */
  void step() {
    if (profiles.standing() == Standing.NEW) {
      say(profiles.candidacy());
    }
    ProfileRecord report = report();
    if (!report.equals(profiles.owner(partition))) {
      say(report);
    }
    profiles.promotion().ifPresent(this::say);
  }

  /**
   * Whether the record knows our own profile, and that this partition is ours. Then we have read
   * everything that was said before we came.
   */
  boolean isHeard() {
    ProfileRecord known = profiles.owner(partition);
    return profiles.standing() != Standing.NEW && known != null && known.getOwner().equals(owner);
  }

  /** Whether there is nothing more to say until another profile is proposed. */
  boolean isSettled() {
    Standing standing = profiles.standing();
    return (standing == Standing.ACTIVE || standing == Standing.REPLACED)
        && report().equals(profiles.owner(partition));
  }

  private ProfileRecord report() {
    return profiles.report(partition, owner, repair.isComplete());
  }

  private void say(ProfileRecord record) {
    long now = context.currentSystemTimeMs();
    if (profiles.mayBeSaid(record, now)) {
      byte[] value = RECORDS.serialize("", record);
      context.forward(new Record<>(Profiles.key(record), new Output.Profile(value), now));
    }
  }
}
