package io.gibbon.topology.internals;

import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.REPLACE_THREAD;
import static org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.errors.StreamsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FailureHandlerTest {

  private final FailureHandler handler = new FailureHandler(Path.of("/data/state"));

  @ParameterizedTest
  @ValueSource(strings = {"No space left on device", "Disk quota exceeded"})
  void aFullDiskStopsWithTheDirectoryNamed(String message) {
    Exception full = new ProcessorStateException("store", new IOException(message));
    assertThat(handler.handle(new StreamsException(full))).isEqualTo(SHUTDOWN_CLIENT);
    assertThat(handler.fatal()).hasValueSatisfying(m -> assertThat(m).contains("/data/state"));
  }

  @Test
  void aBrokerThatIsAwayIsWaitedForForEver() {
    for (int i = 0; i < 100; i++) {
      assertThat(handler.handle(new StreamsException(new TimeoutException("60000 ms"))))
          .isEqualTo(REPLACE_THREAD);
    }
    assertThat(handler.fatal()).isEmpty();
  }

  @Test
  void missingRightsStop() {
    assertThat(handler.handle(new StreamsException(new TopicAuthorizationException("documents"))))
        .isEqualTo(SHUTDOWN_CLIENT);
    assertThat(handler.fatal().orElseThrow()).contains("does not allow");
  }

  @Test
  void anythingElseGetsAFewNewThreads() {
    for (int i = 0; i < 5; i++) {
      assertThat(handler.handle(new StreamsException("odd"))).isEqualTo(REPLACE_THREAD);
    }
    assertThat(handler.handle(new StreamsException("odd"))).isEqualTo(SHUTDOWN_CLIENT);
    assertThat(handler.fatal().orElseThrow()).contains("odd");
  }
}
