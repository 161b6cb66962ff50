package io.gibbon.runtime.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Products with many rows, and with cached numbers that are widened on the way. */
@ParameterizedClass
@MethodSource("kernels")
class ProductsTest {

  private static final Kernels REFERENCE = new ScalarKernels();

  @Parameter Kernels kernels;

  private final Random random = new Random(7);
  private final Arena memory = Arena.ofAuto();

  static Stream<Named<Kernels>> kernels() {
    return KernelsTest.kernels();
  }

  @Test
  void productsHaveTheBitsOfTheirDefinition() {
    for (int i = 0; i < 60; i++) {
      int rows = 1 + random.nextInt(27);
      int columns = 16 * (1 + random.nextInt(5));
      int depth = 2 * (1 + random.nextInt(65));
      int from = random.nextInt(7);
      int aDepth = from + depth + random.nextInt(4);
      int bPanelStride = 16 * (depth + random.nextInt(3));
      boolean add = random.nextBoolean();
      float[] a = numbers(3 + rows * (aDepth + 2));
      float[] b = numbers(5 + columns / 16 * bPanelStride);
      float[] actual = numbers(7 + rows * (columns + 3));
      float[] expected = actual.clone();
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          int target = 7 + row * (columns + 3) + column;
          float sum = add ? expected[target] : 0;
          for (int k = 0; k < depth; k++) {
            float x = a[3 + row * (aDepth + 2) + from + k];
            sum = Math.fma(x, b[5 + column / 16 * bPanelStride + k * 16 + column % 16], sum);
          }
          expected[target] = sum;
        }
      }
      float[] packed = new float[11 + Kernels.packedLength(rows, aDepth)];
      int middle = random.nextInt(aDepth);
      kernels.packRows(a, 3, aDepth + 2, rows, middle, aDepth, packed, 11, aDepth);
      kernels.packRows(a, 3, aDepth + 2, rows, 0, middle, packed, 11, aDepth);
      kernels.multiply(
          packed,
          11,
          aDepth,
          from,
          rows,
          b,
          5,
          bPanelStride,
          columns,
          depth,
          actual,
          7,
          columns + 3,
          add);
      assertThat(actual).as("%d x %d x %d", rows, columns, depth).isEqualTo(expected);
    }
  }

  @Test
  void everyFiniteHalfIsWidenedExactlyInAProduct() {
    float[] actual = new float[32];
    for (int step = 0; step < 2; step++) {
      MemorySegment halves = memory.allocate(2 * 64);
      float[] a = {1 - step, step};
      for (int first = 0; first < 1 << 16; first += 32) {
        for (int i = 0; i < 32; i++) {
          int at = i / 16 * 32 + 16 * step + i % 16;
          halves.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) (first + i));
        }
        kernels.multiplyHalves(a, 0, 0, 1, halves, 0, 2 * 32, 32, 2, actual, 0, 0, false);
        for (int i = 0; i < 32; i++) {
          float expected = Float.float16ToFloat((short) (first + i));
          if (Float.isFinite(expected)) {
            assertThat(actual[i]).isEqualTo(expected == 0 ? 0 : expected);
          }
        }
      }
    }
  }

  @Test
  void productsWithHalvesHaveTheBitsOfWideOnes() {
    for (int i = 0; i < 40; i++) {
      Product product = new Product();
      MemorySegment halves = memory.allocate(2L * product.b.length);
      for (int j = 0; j < product.b.length; j++) {
        short half = Float.floatToFloat16(product.b[j]);
        halves.setAtIndex(ValueLayout.JAVA_SHORT, j, half);
        product.b[j] = Float.float16ToFloat(half);
      }
      float[] expected = product.expected();
      float[] actual = product.c.clone();
      kernels.multiplyHalves(
          product.a,
          3,
          product.depth + 2,
          product.rows,
          halves,
          2 * 16,
          2L * product.panelStride,
          product.columns,
          product.depth,
          actual,
          7,
          product.columns + 3,
          product.add);
      assertThat(actual).as("%s", product).isEqualTo(expected);
    }
  }

  @Test
  void productsWithCodesHaveTheBitsOfWideOnes() {
    for (int i = 0; i < 40; i++) {
      Product product = new Product();
      byte[] codes = new byte[product.b.length];
      for (int j = 0; j < product.b.length; j++) {
        codes[j] = (byte) random.nextInt(-128, 128);
        product.b[j] = codes[j];
      }
      float[] expected = product.expected();
      float[] actual = product.c.clone();
      kernels.multiplyCodes(
          product.a,
          3,
          product.depth + 2,
          product.rows,
          offHeap(codes),
          16,
          product.panelStride,
          product.columns,
          product.depth,
          actual,
          7,
          product.columns + 3,
          product.add);
      assertThat(actual).as("%s", product).isEqualTo(expected);
    }
  }

  private MemorySegment offHeap(byte[] bytes) {
    return memory.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
  }

  /** Random operands; those of panels begin at 16. */
  private final class Product {
    final int rows = 1 + random.nextInt(9);
    final int columns = 16 * (1 + random.nextInt(5));
    final int depth = 2 * (1 + random.nextInt(65));
    final int panelStride = 16 * (depth + random.nextInt(3));
    final boolean add = random.nextBoolean();
    final float[] a = numbers(3 + rows * (depth + 2));
    final float[] b = numbers(16 + columns / 16 * panelStride);
    final float[] c = numbers(7 + rows * (columns + 3));

    float[] expected() {
      float[] product = c.clone();
      float[] packed = new float[Kernels.packedLength(rows, depth)];
      REFERENCE.packRows(a, 3, depth + 2, rows, 0, depth, packed, 0, depth);
      REFERENCE.multiply(
          packed,
          0,
          depth,
          0,
          rows,
          b,
          16,
          panelStride,
          columns,
          depth,
          product,
          7,
          columns + 3,
          add);
      return product;
    }

    @Override
    public String toString() {
      return "%d x %d x %d".formatted(rows, columns, depth);
    }
  }

  private float[] numbers(int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    return numbers;
  }
}
