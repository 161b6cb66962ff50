package io.gibbon.runtime.numerics;

import static org.assertj.core.api.Assertions.assertThat;

import io.gibbon.runtime.DefaultModel;
import io.gibbon.runtime.engine.CpuBackend;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The default model agrees with an independent float64 implementation. */
class NumericsCheckTest {

  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  @Test
  void shortCasesAgree() throws Exception {
    assertAgrees("ape-smollm2-135m.json");
  }

  @Test
  void longCasesAgree() throws Exception {
    assertAgrees("ape-smollm2-135m-long.json");
  }

  /** Rounding keys and values to binary16 is what moves the logits here. */
  @Test
  void halfPrecisionStatesStayClose() throws Exception {
    for (NumericsCheck.Result result : run(KvFormat.F16, "ape-smollm2-135m.json", 0.05)) {
      assertThat(result.logitDifference()).as(result.name()).isBetween(1e-4, 0.05);
      assertThat(result.greedyAgrees()).as(result.name()).isTrue();
      assertThat(result.sharesDifference()).as(result.name()).isLessThan(1e-3);
    }
  }

  /**
   * Codes with a scale for each token and head move logits by up to about 0.5, and the most
   * probable token only where the next one is near.
   */
  @Test
  void statesOfEightBitsStayNear() throws Exception {
    for (NumericsCheck.Result result : run(KvFormat.I8, "ape-smollm2-135m.json", 1)) {
      assertThat(result.logitDifference()).as(result.name()).isBetween(1e-3, 0.8);
      assertThat(result.greedyAgrees()).as(result.name()).isTrue();
      assertThat(result.sharesDifference()).as(result.name()).isLessThan(1e-2);
    }
  }

  private static void assertAgrees(String file) throws Exception {
    for (NumericsCheck.Result result : run(KvFormat.F32, file, NumericsCheck.DEFAULT_TOLERANCE)) {
      assertThat(result.logitDifference())
          .as(result.name())
          .isLessThan(NumericsCheck.DEFAULT_TOLERANCE);
      assertThat(result.greedyAgrees()).as(result.name()).isTrue();
      assertThat(result.sharesDifference()).as(result.name()).isLessThan(1e-4);
    }
  }

  private static List<NumericsCheck.Result> run(KvFormat format, String file, double tolerance)
      throws Exception {
    try (Model model = Model.open(DefaultModel.path())) {
      ModelDescription shape = model.description();
      KvLayout layout = new KvLayout(shape.layers(), shape.kvHeads(), shape.headDim(), format);
      int threads = Runtime.getRuntime().availableProcessors();
      try (Executor executor = new CpuBackend().load(model, layout, threads)) {
        return new NumericsCheck(model, executor, layout).run(GOLDEN.resolve(file), tolerance);
      }
    }
  }
}
