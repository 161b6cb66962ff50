package io.gibbon.topology.internals.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveDirectoryTest {

  @TempDir Path directory;

  @Test
  void aDirectoryIsTouchedUntilItIsClosed() throws IOException {
    age();
    LiveDirectory live = new LiveDirectory(directory, Duration.ofMillis(5));
    assertThat(isYoung()).isTrue();
    age();
    await().until(this::isYoung);

    live.close();
    age();
    await().during(Duration.ofMillis(50)).until(() -> !isYoung());
  }

  @Test
  void anIndexMakesTheDirectoryOfItsTaskYoungOnlyAsItIsRestored() throws IOException {
    KeyValueStore<Bytes, byte[]> store =
        new LuceneStoreSupplier("my-store", new StandardAnalyzer(), value -> List.of()).get();
    StoreContext context = new StoreContext(directory, StreamsConfig.AT_LEAST_ONCE);
    store.init(context.context(), store);
    age();
    assertThat(isYoung()).isFalse();

    context.restore(List.of(new KeyValue<>(new byte[] {1}, new byte[] {2})));
    assertThat(isYoung()).isTrue();
    age();
    store.close();
    assertThat(isYoung()).isFalse();
  }

  private void age() throws IOException {
    Files.setLastModifiedTime(directory, FileTime.from(Instant.now().minus(Duration.ofDays(2))));
  }

  private boolean isYoung() throws IOException {
    return Files.getLastModifiedTime(directory)
        .toInstant()
        .isAfter(Instant.now().minus(Duration.ofMinutes(1)));
  }
}
