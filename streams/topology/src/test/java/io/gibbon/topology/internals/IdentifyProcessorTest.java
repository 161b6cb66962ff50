package io.gibbon.topology.internals;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.schemas.serde.SerdeOptions;
import io.gibbon.topology.DeadLetterHeaders;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import java.util.stream.Stream;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class IdentifyProcessorTest {

  private static final byte[] KEY = "k".getBytes(UTF_8);
  private static final byte[] VALUE = "v".getBytes(UTF_8);

  static Stream<Throwable> unforeseen() {
    return Stream.of(
        new ArrayIndexOutOfBoundsException("Index 7 out of bounds"), new StackOverflowError());
  }

  @ParameterizedTest
  @MethodSource("unforeseen")
  void whateverTheReadingOfARecordThrowsBecomesADeadLetter(Throwable unforeseen) {
    MockProcessorContext<byte[], Output> context = new MockProcessorContext<>();
    context.setRecordMetadata("documents", 3, 5);
    context.setCurrentSystemTimeMs(9);
    TopologyMetrics metrics = new TopologyMetrics();
    IdentifyProcessor processor =
        new IdentifyProcessor(TopologyConfig.defaults(), new Broken(unforeseen), metrics);
    processor.init(context);
    processor.process(new Record<>(KEY, VALUE, 1));

    assertThat(context.forwarded())
        .singleElement()
        .satisfies(
            forwarded -> {
              Record<?, ?> letter = forwarded.record();
              assertThat(letter.key()).isEqualTo(KEY);
              assertThat(letter.timestamp()).isEqualTo(9);
              assertThat(letter.value()).isEqualTo(new Output.DeadLetter(VALUE));
              assertThat(header(letter, DeadLetterHeaders.REASON))
                  .isEqualTo("cannot be read: " + Reasons.of(unforeseen));
              assertThat(header(letter, DeadLetterHeaders.PARTITION)).isEqualTo("3");
              assertThat(header(letter, DeadLetterHeaders.OFFSET)).isEqualTo("5");
            });
    assertThat(metrics.deadLetters.sum()).isEqualTo(1);
  }

  private static String header(Record<?, ?> record, String name) {
    return new String(record.headers().lastHeader(name).value(), UTF_8);
  }

  /** Fails as no record is known to make the real one fail. */
  private static final class Broken extends DocumentReader {

    private final Throwable failure;

    Broken(Throwable failure) {
      super(SerdeOptions.DEFAULT);
      this.failure = failure;
    }

    @Override
    Content read(String topic, byte[] key, byte[] value) {
      if (failure instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failure;
    }
  }
}
