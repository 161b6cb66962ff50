package io.gibbon.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.runtime.model.Tensor;
import io.gibbon.runtime.model.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What all kernels promise, at every vector width. */
@ParameterizedClass
@MethodSource("kernels")
class KernelsTest {

  private static final Kernels REFERENCE = new ScalarKernels();

  @Parameter Kernels kernels;

  private final Random random = new Random(7);
  private final Arena memory = Arena.ofAuto();

  static Stream<Named<Kernels>> kernels() {
    return Stream.of(
            REFERENCE,
            new VectorKernels(),
            ForcedWidth.kernels(128),
            ForcedWidth.kernels(256),
            ForcedWidth.kernels(512))
        .map(kernels -> Named.of(kernels.name(), kernels));
  }

  @Test
  void theNameTellsTheWidth() {
    assertThat(kernels.name()).matches("scalar|vector-(128|256|512)");
  }

  @Test
  void weightsOfEveryTypeKeepTheirValues() {
    for (TensorType type : TensorType.values()) {
      try (Arena arena = Arena.ofShared();
          Workers workers = new Workers(2)) {
        Tensor tensor = tensor(type, Math.max(96, 2 * type.blockLength()), 37, arena);
        PackedMatrix packed = PackedMatrix.pack(tensor, arena, workers);
        for (int row = 0; row < tensor.rows(); row++) {
          float[] values = new float[tensor.columns()];
          packed.row(row, values, 0);
          assertThat(values).as("row %d of %s", row, type).isEqualTo(Ggml.row(tensor, row));
        }
        for (int panel = 0; panel < packed.panels(); panel++) {
          assertUnpacks(packed, panel);
        }
      }
    }
  }

  /** The numbers that ggml's own Python package reads from blocks, edges of binary16 among them. */
  @Test
  void blocksHaveTheNumbersThatGgmlReads() throws IOException {
    try (InputStream file = getClass().getResourceAsStream("/golden/ggml-blocks.json");
        Arena arena = Arena.ofShared();
        Workers workers = new Workers(1)) {
      JsonNode cases = new ObjectMapper().readTree(file).get("types");
      assertThat(cases).hasSize(8);
      for (Map.Entry<String, JsonNode> one : cases.properties()) {
        TensorType type = TensorType.valueOf(one.getKey());
        MemorySegment blocks = MemorySegment.ofArray(one.getValue().get("blocks").binaryValue());
        byte[] numbers = one.getValue().get("numbers").binaryValue();
        float[] expected = new float[numbers.length / Float.BYTES];
        ByteBuffer.wrap(numbers).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(expected);
        PackedMatrix packed =
            PackedMatrix.pack(new Tensor("w", type, expected.length, 1, blocks), arena, workers);
        float[] panel = new float[expected.length * 16];
        kernels.unpack(packed, 0, 0, packed.blocks(), panel, 0);
        for (int i = 0; i < expected.length; i++) {
          assertThat(panel[i * 16] + 0f).as("%s %d", type, i).isEqualTo(expected[i] + 0f);
        }
      }
    }
  }

  private void assertUnpacks(PackedMatrix packed, int panel) {
    float[] out = new float[9 + 2 * 32 * 16];
    kernels.unpack(packed, panel, 1, 3, out, 9);
    float[] row = new float[packed.columns()];
    for (int lane = 0; lane < 16 && panel * 16 + lane < packed.rows(); lane++) {
      packed.row(panel * 16 + lane, row, 0);
      for (int k = 0; k < 64; k++) {
        assertThat(out[9 + k * 16 + lane]).isEqualTo(row[32 + k]);
      }
    }
  }

  @Test
  void fewRowsHaveTheBitsOfMany() {
    for (TensorType type : TensorType.values()) {
      for (int outputs : new int[] {16, 48, 100}) {
        try (Arena arena = Arena.ofShared();
            Workers workers = new Workers(1)) {
          int depth = Math.max(160, 2 * type.blockLength());
          PackedMatrix packed =
              PackedMatrix.pack(tensor(type, depth, outputs, arena), arena, workers);
          Matmul matmul = new Matmul(kernels, workers);
          int stride = packed.panels() * 16;
          float[] x = numbers(16 * depth);
          float[] together = new float[16 * stride];
          matmul.run(x, depth, 16, List.of(packed), together, stride);
          for (int rows = 1; rows < 12; rows++) {
            int first = 15 - rows;
            float[] few = new float[rows * stride];
            float[] input = Arrays.copyOfRange(x, first * depth, 15 * depth);
            matmul.run(input, depth, rows, List.of(packed), few, stride);
            assertThat(few)
                .as("%d rows, %s, %d outputs", rows, type, outputs)
                .isEqualTo(Arrays.copyOfRange(together, first * stride, 15 * stride));
          }
        }
      }
    }
  }

  @Test
  void normsFollowTheDefinition() {
    float[] x = numbers(3 + 96);
    float[] weight = numbers(96);
    float[] out = new float[5 + 96];
    kernels.rmsNorm(x, 3, weight, 1e-5f, 96, out, 5);
    double squares = 0;
    for (int i = 0; i < 96; i++) {
      squares += (double) x[3 + i] * x[3 + i];
    }
    for (int i = 0; i < 96; i++) {
      double expected = x[3 + i] / Math.sqrt(squares / 96 + 1e-5f) * weight[i];
      assertThat((double) out[5 + i]).isCloseTo(expected, within(1e-6));
    }
  }

  @Test
  void sumsAndGatesFollowTheirDefinitions() {
    float[] x = numbers(3 + 64);
    float[] y = numbers(5 + 64);
    float[] sum = x.clone();
    kernels.add(sum, 3, y, 5, 64);
    float[] scaled = x.clone();
    kernels.addScaled(scaled, 3, 0.3f, y, 5, 64);
    float[] multiplied = x.clone();
    kernels.multiplyEach(multiplied, 3, y, 64);
    float[] gated = x.clone();
    kernels.swiGlu(gated, 3, y, 5, 64);
    float[] gaussian = x.clone();
    kernels.geGlu(gaussian, 3, y, 5, 64);
    for (int i = 0; i < 64; i++) {
      double g = x[3 + i];
      assertThat(sum[3 + i]).isEqualTo(x[3 + i] + y[5 + i]);
      assertThat(multiplied[3 + i]).isEqualTo(x[3 + i] * y[i]);
      assertThat(scaled[3 + i]).isEqualTo(Math.fma(0.3f, y[5 + i], x[3 + i]));
      assertThat((double) gated[3 + i]).isCloseTo(g / (1 + Math.exp(-g)) * y[5 + i], within(2e-6));
      double tanh = Math.tanh(Math.sqrt(2 / Math.PI) * (g + 0.044715 * g * g * g));
      assertThat((double) gaussian[3 + i]).isCloseTo(g / 2 * (1 + tanh) * y[5 + i], within(2e-6));
    }
  }

  @Test
  void gatesFarFromZeroStayFinite() {
    float[] gate = new float[16];
    Arrays.fill(gate, 0, 8, -500);
    Arrays.fill(gate, 8, 16, 500);
    float[] up = new float[16];
    Arrays.fill(up, 1);
    float[] gaussian = gate.clone();
    kernels.swiGlu(gate, 0, up, 0, 16);
    kernels.geGlu(gaussian, 0, up, 0, 16);
    for (int i = 0; i < 16; i++) {
      assertThat(gate[i]).isCloseTo(i < 8 ? 0f : 500f, within(1e-4f));
      assertThat(gaussian[i]).isCloseTo(i < 8 ? 0f : 500f, within(1e-4f));
    }
  }

  @Test
  void exponentialsAreWithinTheStatedError() {
    float[] x = new float[16 * 1024];
    for (int i = 0; i < x.length; i++) {
      x[i] = -87 + 175f * i / (x.length - 1);
    }
    float[] actual = new float[x.length];
    kernels.exponentials(x, x.length, 0, 1, actual);
    for (int i = 0; i < x.length; i++) {
      double expected = Math.exp(x[i]);
      assertThat(actual[i] / expected).as("exp(%s)", x[i]).isCloseTo(1, within(3e-7));
    }
  }

  @Test
  void exponentialsOfTheVerySmallAreZero() {
    float[] x = new float[16];
    Arrays.fill(x, -87.5f);
    x[3] = Float.NEGATIVE_INFINITY;
    kernels.exponentials(x, 16, 0, 1, x);
    assertThat(x).containsOnly(0);
  }

  @Test
  void anOnlineSoftmaxIsASoftmax() {
    for (int i = 0; i < 30; i++) {
      int[] counts = random.ints(1 + random.nextInt(4), 0, 65).toArray();
      float scale = 0.05f + random.nextFloat();
      float[] accumulator = new float[3 + 32];
      float greatest = Float.NEGATIVE_INFINITY;
      double sum = 0;
      for (int count : counts) {
        int width = 64;
        float[] scores = numbers(2 + width);
        for (int k = 0; k < count; k++) {
          scores[2 + k] *= 40;
          sum += Math.exp((double) scores[2 + k] * scale);
        }
        greatest = kernels.softmax(scores, 2, count, width, scale, greatest, accumulator, 3, 32);
        assertThat(Arrays.copyOfRange(scores, 2 + count, 2 + width))
            .isEqualTo(new float[width - count]);
      }
      double total = 0;
      for (int lane = 0; lane < 16; lane++) {
        total += accumulator[3 + 16 + lane];
      }
      assertThat(greatest + Math.log(total)).isCloseTo(Math.log(sum), within(2e-6 * 50));
    }
  }

  @Test
  void scoresOfNegativeInfinityAreMasked() {
    float[] scores = numbers(32);
    float[] accumulator = new float[32];
    Arrays.fill(scores, 0, 20, Float.NEGATIVE_INFINITY);
    float[] kept = Arrays.copyOfRange(scores, 20, 32);
    float greatest =
        kernels.softmax(scores, 0, 32, 32, 1, Float.NEGATIVE_INFINITY, accumulator, 0, 32);
    assertThat(Arrays.copyOf(scores, 20)).containsOnly(0);
    for (int i = 0; i < kept.length; i++) {
      assertThat((double) scores[20 + i]).isCloseTo(Math.exp(kept[i] - greatest), within(1e-6));
    }

    float[] before = accumulator.clone();
    float[] masked = new float[16];
    Arrays.fill(masked, Float.NEGATIVE_INFINITY);
    assertThat(kernels.softmax(masked, 0, 16, 16, 1, greatest, accumulator, 0, 32))
        .isEqualTo(greatest);
    assertThat(accumulator).isEqualTo(before);
    Arrays.fill(masked, Float.NEGATIVE_INFINITY);
    kernels.softmax(masked, 0, 16, 16, 1, Float.NEGATIVE_INFINITY, new float[32], 0, 32);
    assertThat(masked).containsOnly(0);
  }

  @Test
  void aTileWithoutVisibleTokensChangesNothing() {
    float[] scores = numbers(16);
    float[] accumulator = numbers(32);
    float[] before = accumulator.clone();
    assertThat(kernels.softmax(scores, 0, 0, 16, 1, Float.NEGATIVE_INFINITY, accumulator, 0, 32))
        .isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(scores).containsOnly(0);
    assertThat(accumulator).isEqualTo(before);
  }

  @Test
  void exponentialsAreSummedAsTheyAreStored() {
    for (int n : new int[] {1, 15, 16, 1040, 49_155}) {
      float[] x = numbers(n);
      float[] actual = new float[n];
      double sum = kernels.exponentials(x, n, 5f, 0.7f, actual);
      double expected = 0;
      for (int i = 0; i < n; i++) {
        double one = Math.exp((x[i] - 5f) * 0.7f);
        assertThat((double) actual[i]).isCloseTo(one, within(3e-7 * one));
        expected += one;
      }
      assertThat(sum).isCloseTo(expected, within(1e-6 * expected));
    }
  }

  @Test
  void everyCodeIsWidenedExactly() {
    byte[] codes = new byte[3 + 256];
    float[] wide = new float[5 + 256];
    for (int i = 0; i < 256; i++) {
      codes[3 + i] = (byte) i;
    }
    kernels.widenCodes(offHeap(codes), 3, wide, 5, 256);
    for (int i = 0; i < 256; i++) {
      assertThat(wide[5 + i]).isEqualTo((byte) i);
    }
  }

  @Test
  void everyFiniteHalfIsWidenedExactly() {
    MemorySegment halves = memory.allocate(2 << 16);
    for (int i = 0; i < 1 << 16; i++) {
      halves.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
    }
    float[] wide = new float[1 << 16];
    int odd = 0x7bff;
    kernels.widenHalves(halves, 0, wide, 0, odd);
    kernels.widenHalves(halves, 2L * odd, wide, odd, (1 << 16) - odd);
    for (int i = 0; i < 1 << 16; i++) {
      float expected = Float.float16ToFloat((short) i);
      if (Float.isFinite(expected)) {
        assertThat(wide[i]).isEqualTo(expected);
      }
    }
  }

  private MemorySegment offHeap(byte[] bytes) {
    return memory.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
  }

  private float[] numbers(int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }

  private Tensor tensor(TensorType type, int columns, int rows, Arena arena) {
    byte[] bytes = Ggml.random(type, columns * rows, random);
    MemorySegment data = arena.allocate(bytes.length);
    data.copyFrom(MemorySegment.ofArray(bytes));
    return new Tensor("w", type, columns, rows, data);
  }
}
