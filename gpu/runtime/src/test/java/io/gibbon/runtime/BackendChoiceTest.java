package io.gibbon.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.gibbon.runtime.engine.Backend;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BackendChoiceTest {

  private record Named(String name, int priority, Optional<String> unavailable) implements Backend {

    @Override
    public Executor load(Model model, KvLayout layout, int threads) {
      throw new UnsupportedOperationException();
    }
  }

  private static final Backend DEVICE = new Named("device", 9, Optional.of("no driver"));
  private static final Backend CPU = new Named("cpu", 1, Optional.empty());

  @Test
  void autoTakesTheBestThatRunsAndSaysWhyNotAnother() {
    BackendChoice choice = BackendChoice.of("auto", List.of(DEVICE, CPU));
    assertThat(choice.backend()).isSameAs(CPU);
    assertThat(choice.reason()).isEqualTo("the best that runs here; not device: no driver");
  }

  @Test
  void aNamedBackendIsTakenOrRefused() {
    assertThat(BackendChoice.of("cpu", List.of(DEVICE, CPU)).reason()).isEqualTo("as configured");
    assertThatThrownBy(() -> BackendChoice.of("device", List.of(DEVICE, CPU)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no driver");
    assertThatThrownBy(() -> BackendChoice.of("gpu", List.of(DEVICE, CPU)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("device, cpu");
    assertThatThrownBy(() -> BackendChoice.of("auto", List.of(DEVICE)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no driver");
  }
}
