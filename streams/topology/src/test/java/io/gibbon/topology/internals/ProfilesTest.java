package io.gibbon.topology.internals;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.Profile;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.schemas.ProfileRecord;
import io.gibbon.schemas.ProfileRecordKind;
import io.gibbon.topology.internals.Profiles.Standing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The rules of the record of profiles, over a topic that is a list. */
class ProfilesTest {

  private static final String OLD = "00000000000000aa";
  private static final String NEW = "00000000000000bb";
  private static final String OTHER = "00000000000000cc";
  private static final int PARTITIONS = 2;

  private final List<ProfileRecord> topic = new ArrayList<>();
  private final List<Instance> instances = new ArrayList<>();

  /** One process; it has heard everything that was said before it came. */
  private final class Instance {

    final Profiles profiles;

    Instance(String fingerprint) {
      KvLayout layout = new KvLayout(1, 1, 8, KvFormat.F32);
      profiles =
          new Profiles(new Profile(fingerprint, fingerprint, layout, 1, 100, 10), PARTITIONS);
      topic.forEach(profiles::hear);
      instances.add(this);
      if (profiles.standing() == Standing.NEW) {
        say(profiles.candidacy());
      }
    }

    void owns(int partition, boolean complete) {
      say(profiles.report(partition, "owner", complete));
      profiles.promotion().ifPresent(ProfilesTest.this::say);
    }

    Standing standing() {
      return profiles.standing();
    }
  }

  private void say(ProfileRecord record) {
    topic.add(record);
    instances.forEach(instance -> instance.profiles.hear(record));
    instances.forEach(Instance::standing);
  }

  @Test
  void theFirstProfileIsActive() {
    Instance first = new Instance(OLD);
    Instance second = new Instance(OLD);

    assertThat(first.standing()).isEqualTo(Standing.ACTIVE);
    assertThat(second.standing()).isEqualTo(Standing.ACTIVE);
    assertThat(topic).hasSize(1);
  }

  @Test
  void theComingProfileBecomesActiveWhenEveryPartitionsLastOwnerIsComplete() {
    Instance old = new Instance(OLD);
    Instance coming = new Instance(NEW);
    coming.owns(0, true);
    assertThat(coming.standing()).isEqualTo(Standing.COMING);

    old.owns(0, true);
    coming.owns(1, true);
    assertThat(coming.standing()).as("partition 0 went back").isEqualTo(Standing.COMING);
    assertThat(old.profiles.kept()).containsExactlyInAnyOrder(OLD, NEW);

    coming.owns(0, false);
    assertThat(coming.standing()).isEqualTo(Standing.COMING);
    coming.owns(0, true);
    assertThat(coming.standing()).isEqualTo(Standing.ACTIVE);
    assertThat(old.standing()).isEqualTo(Standing.REPLACED);
    assertThat(old.profiles.kept()).containsExactly(NEW);
  }

  @Test
  void aReplacedProcessDoesNotFightButOneThatStartsAnewProposesItsProfileAgain() {
    Instance old = new Instance(OLD);
    Instance coming = new Instance(NEW);
    coming.owns(0, true);
    coming.owns(1, true);
    int before = topic.size();
    old.owns(0, false);
    assertThat(topic).hasSize(before + 1);
    assertThat(coming.standing()).isEqualTo(Standing.ACTIVE);

    Instance back = new Instance(OLD);
    assertThat(back.standing()).isEqualTo(Standing.COMING);
    back.owns(0, true);
    assertThat(coming.standing()).isEqualTo(Standing.ACTIVE);
    back.owns(1, true);
    assertThat(coming.standing()).isEqualTo(Standing.REPLACED);
    assertThat(back.standing()).isEqualTo(Standing.ACTIVE);
  }

  @Test
  void aNewerProposalReplacesTheComingProfile() {
    Instance old = new Instance(OLD);
    Instance coming = new Instance(NEW);
    coming.owns(0, true);
    Instance newer = new Instance(OTHER);

    assertThat(coming.standing()).isEqualTo(Standing.REPLACED);
    assertThat(old.profiles.kept()).containsExactlyInAnyOrder(OLD, OTHER);
    coming.owns(1, true);
    assertThat(old.standing()).isEqualTo(Standing.ACTIVE);
    newer.owns(0, true);
    newer.owns(1, true);
    assertThat(newer.standing()).isEqualTo(Standing.ACTIVE);
  }

  @Test
  void twoWhoProposeAtTheSameTimeAgreeInTheEnd() {
    new Instance(OLD);
    Instance one = new Instance(NEW);
    ProfileRecord late = topic.getLast();
    ProfileRecord rival =
        new ProfileRecord(ProfileRecordKind.PROPOSED, late.getNumber(), OTHER, OTHER, false, "");
    say(rival);
    assertThat(one.standing()).isEqualTo(Standing.REPLACED);
    assertThat(new Instance(OTHER).standing()).isEqualTo(Standing.COMING);
  }

  @Test
  void recordsThatComeTwiceOrLateAndCompactionChangeNothing() {
    Instance old = new Instance(OLD);
    Instance coming = new Instance(NEW);
    coming.owns(0, true);
    coming.owns(1, true);
    ProfileRecord promotion = topic.getLast();
    Instance newest = new Instance(OTHER);
    newest.owns(0, true);
    newest.owns(1, true);
    say(promotion);
    say(topic.getFirst());
    assertThat(newest.standing()).isEqualTo(Standing.ACTIVE);
    assertThat(coming.standing()).isEqualTo(Standing.REPLACED);
    assertThat(old.standing()).isEqualTo(Standing.REPLACED);

    compact();
    assertThat(new Instance(OTHER).standing()).isEqualTo(Standing.ACTIVE);
    assertThat(new Instance(OLD).standing()).isEqualTo(Standing.COMING);
  }

  private void compact() {
    Map<String, ProfileRecord> last = new LinkedHashMap<>();
    for (ProfileRecord record : topic) {
      String key = new String(Profiles.key(record));
      last.remove(key);
      last.put(key, record);
    }
    topic.clear();
    topic.addAll(last.values());
  }

  @Test
  void whatWasSaidIsSaidAgainOnlyAfterAWhile() {
    Profiles profiles = new Instance(OLD).profiles;
    ProfileRecord report = profiles.report(0, "owner", false);

    assertThat(profiles.mayBeSaid(report, 1_000)).isTrue();
    assertThat(profiles.mayBeSaid(report, 10_999)).isFalse();
    assertThat(profiles.mayBeSaid(report, 11_000)).isTrue();
    assertThat(profiles.mayBeSaid(profiles.report(0, "owner", true), 11_000)).isTrue();
  }
}
