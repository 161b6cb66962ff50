package io.gibbon.topology.internals;

import static org.apache.kafka.streams.state.Stores.inMemoryKeyValueStore;
import static org.apache.kafka.streams.state.Stores.keyValueStoreBuilder;

import io.gibbon.runtime.Profile;
import io.gibbon.schemas.ProfileRecord;
import io.gibbon.schemas.ProfileRecordKind;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which profile is active and which is coming: one answer for all instances, since it follows from
 * the order of the records of one topic, which each of them reads to its end before it works.
 *
 * <ul>
 *   <li>Where no profile is active yet, whoever takes a partition over says that its own is. Of
 *       several that say so at once, the last one heard is right.
 *   <li>A process that starts with a profile that is neither active nor coming proposes it. It is
 *       the coming one from then on, in place of one that was coming before. Nothing withdraws a
 *       proposal: of a change that was given up, states are kept until another profile is proposed.
 *   <li>Whoever takes a partition over says so, and says when all its documents are encoded under
 *       its profile. When the owners of all partitions say that of the coming profile, it becomes
 *       active.
 *   <li>States of the active and of the coming profile are kept. Those of all others are deleted by
 *       owners whose own profile is one of the two.
 *   <li>A process whose profile is neither any more goes on answering and encodes documents that
 *       are new, but encodes nothing again and deletes nothing. Only when it is started anew does
 *       it propose its profile: so going back to an earlier model is a change like any other.
 * </ul>
 *
 * <p>A record's key is its kind and number, and the last record of a key counts. Every change of
 * profile has a number of its own, higher than those before, so compaction, late records and
 * records that are written twice change nothing. Thread-safe.
 */
public final class Profiles {

  /** What our own profile is to the application. */
  enum Standing {
    /** Not yet proposed by this process. */
    NEW,
    /** The one that everything is encoded under. */
    ACTIVE,
    /** The one that everything is being encoded under, to become active. */
    COMING,
    /** It was active or coming in the time of this process, and is not any more. */
    REPLACED
  }

  /** The global store whose topic is the record; it only makes Kafka Streams read the topic. */
  static final String STORE = "gibbon-profiles";

  /** After this what is not yet read back is said again: its transaction may have been aborted. */
  private static final long REPEAT_MILLIS = 10_000;

  private static final Logger LOG = LoggerFactory.getLogger(Profiles.class);

  private final Profile own;
  private final int partitions;
  private final Map<Long, ProfileRecord> owners = new HashMap<>();
  private final Map<String, Said> said = new HashMap<>();
  private @Nullable ProfileRecord active;
  private @Nullable ProfileRecord proposed;
  private Set<String> kept = Set.of();
  private Standing standing = Standing.NEW;

  private record Said(ProfileRecord record, long millis) {}

  /** Nothing is known yet. */
  public Profiles(Profile own, int partitions) {
    this.own = own;
    this.partitions = partitions;
  }

  /** Builder of the global store. */
  static StoreBuilder<KeyValueStore<Bytes, byte[]>> store() {
    return keyValueStoreBuilder(inMemoryKeyValueStore(STORE), Serdes.Bytes(), Serdes.ByteArray())
        .withLoggingDisabled();
  }

  /** Key of a record. */
  static byte[] key(ProfileRecord record) {
    return TopicKeys.bytes(name(record));
  }

  private static String name(ProfileRecord record) {
    return record.getKind() + "/" + record.getNumber();
  }

  /** Takes the next record of the topic. */
  synchronized void hear(ProfileRecord record) {
    switch (record.getKind()) {
      case ACTIVE -> active = later(active, record);
      case PROPOSED -> proposed = later(proposed, record);
      case PARTITION -> {
        if (record.getNumber() >= 0 && record.getNumber() < partitions) {
          owners.put(record.getNumber(), record);
        }
      }
    }
    kept = kept(active, coming());
  }

  private static ProfileRecord later(@Nullable ProfileRecord known, ProfileRecord record) {
    return known == null || record.getNumber() >= known.getNumber() ? record : known;
  }

  private static Set<String> kept(@Nullable ProfileRecord... records) {
    Set<String> profiles = new HashSet<>();
    for (ProfileRecord record : records) {
      if (record != null) {
        profiles.add(record.getProfile());
      }
    }
    return Set.copyOf(profiles);
  }

  private @Nullable ProfileRecord coming() {
    boolean open =
        proposed != null
            && active != null
            && proposed.getNumber() > active.getNumber()
            && !proposed.getProfile().equals(active.getProfile());
    return open ? proposed : null;
  }

  /** Whether a profile is the one of this process. */
  boolean isOwn(String profile) {
    return own.fingerprint().equals(profile);
  }

  /** Profiles whose states are kept. */
  synchronized Set<String> kept() {
    return kept;
  }

  /** Whether our own profile's states are kept. */
  synchronized boolean keepsOwn() {
    return kept.contains(own.fingerprint());
  }

  /**
   * What our own profile is now. Only for those who have the whole record behind them, which is
   * every processor of a partition: what was before this process does not count.
   */
  synchronized Standing standing() {
    Standing now =
        isOwn(active)
            ? Standing.ACTIVE
            : isOwn(coming())
                ? Standing.COMING
                : standing == Standing.NEW ? Standing.NEW : Standing.REPLACED;
    if (now != standing) {
      standing = now;
      tell();
    }
    return now;
  }

  private boolean isOwn(@Nullable ProfileRecord record) {
    return record != null && isOwn(record.getProfile());
  }

  private void tell() {
    switch (standing) {
      case NEW -> {}
      case ACTIVE -> LOG.info("{} is the active profile", name(own));
      case COMING ->
          LOG.info(
              "{} is the coming profile: it becomes active in place of {} when every document is"
                  + " encoded under it",
              name(own),
              describe(active));
      case REPLACED ->
          LOG.warn(
              "{}, the profile of this process, was replaced by {}: it goes on answering with what"
                  + " it has, but encodes nothing again. Start it with that model; or, to go back,"
                  + " start all instances anew with this one",
              name(own),
              describe(coming() == null ? active : coming()));
    }
  }

  private static String name(Profile profile) {
    return profile.model() + " (" + profile.fingerprint() + ")";
  }

  private static String describe(@Nullable ProfileRecord record) {
    return record == null ? "none" : record.getModel() + " (" + record.getProfile() + ")";
  }

  /** What makes our own profile active if it is the first, and coming otherwise. */
  synchronized ProfileRecord candidacy() {
    if (active == null) {
      return record(ProfileRecordKind.ACTIVE, 0);
    }
    long last = proposed == null ? 0 : proposed.getNumber();
    return record(ProfileRecordKind.PROPOSED, 1 + Math.max(active.getNumber(), last));
  }

  /** What makes our own profile active, if it is the coming one and complete everywhere. */
  synchronized Optional<ProfileRecord> promotion() {
    ProfileRecord coming = coming();
    return isOwn(coming) && isCompleteEverywhere()
        ? Optional.of(record(ProfileRecordKind.ACTIVE, coming.getNumber()))
        : Optional.empty();
  }

  private boolean isCompleteEverywhere() {
    for (long partition = 0; partition < partitions; partition++) {
      ProfileRecord owner = owners.get(partition);
      if (owner == null || !owner.getComplete() || !isOwn(owner)) {
        return false;
      }
    }
    return true;
  }

  /** What the owner of a partition says. */
  ProfileRecord report(int partition, String owner, boolean complete) {
    ProfileRecord report = record(ProfileRecordKind.PARTITION, partition);
    report.setComplete(complete);
    report.setOwner(owner);
    return report;
  }

  private ProfileRecord record(ProfileRecordKind kind, long number) {
    return new ProfileRecord(kind, number, own.fingerprint(), own.model(), false, "");
  }

  /** What the last owner of a partition said, or null. */
  synchronized @Nullable ProfileRecord owner(int partition) {
    return owners.get((long) partition);
  }

  /** Whether to say something: not if anybody in this process has just said it. */
  synchronized boolean mayBeSaid(ProfileRecord record, long nowMillis) {
    Said last = said.get(name(record));
    if (last != null && last.record().equals(record) && nowMillis - last.millis() < REPEAT_MILLIS) {
      return false;
    }
    said.put(name(record), new Said(record, nowMillis));
    return true;
  }
}
