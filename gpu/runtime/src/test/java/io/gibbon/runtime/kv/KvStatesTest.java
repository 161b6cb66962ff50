package io.gibbon.runtime.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The layout that changelogs freeze, and states that come back byte for byte. */
class KvStatesTest {

  private static final Random RANDOM = new Random(3);

  @ParameterizedTest
  @EnumSource(KvFormat.class)
  void pagesRestoreTheSameBytes(KvFormat format) {
    KvLayout layout = new KvLayout(4, 3, 64, format);
    for (int tokens : new int[] {1, 16, 17, 700}) {
      try (KvStates states = filled(layout, tokens, tokens)) {
        List<byte[]> pages = new ArrayList<>();
        for (int i = 0; i < states.pageCount(); i++) {
          pages.add(states.page(i));
        }
        try (KvStates restored = KvStates.ofPages(layout, tokens, pages)) {
          assertThat(restored.memory().mismatch(states.memory())).isEqualTo(-1);
        }
      }
    }
  }

  @Test
  void keysLieInPanelsOfTokensAndValuesInPanelsOfDimensions() {
    KvLayout layout = new KvLayout(2, 2, 32, KvFormat.F32);
    float[] key = numbers(32);
    float[] value = numbers(32);
    try (KvStates states = KvStates.allocate(layout, 21)) {
      states.put(1, 0, 18, key, 0, value, 0);
      MemorySegment memory = states.memory();
      long block = layout.blockOffset(21, 1, 0);
      assertThat(block).isEqualTo(2L * (32 + 22) * 32 * 4);
      for (int d = 0; d < 32; d++) {
        long keyAt = block + (16L * 32 + d * 16 + 2) * 4;
        assertThat(memory.get(ValueLayout.JAVA_FLOAT, keyAt)).isEqualTo(key[d]);
        long valueAt = block + (32L * 32 + d / 16 * 16 * 22 + 18 * 16 + d % 16) * 4;
        assertThat(memory.get(ValueLayout.JAVA_FLOAT, valueAt)).isEqualTo(value[d]);
      }
    }
  }

  @Test
  void halfPrecisionRoundsToNearest() {
    KvLayout layout = new KvLayout(1, 1, 16, KvFormat.F16);
    float[] numbers = numbers(16);
    try (KvStates states = KvStates.allocate(layout, 1)) {
      states.put(0, 0, 0, numbers, 0, numbers, 0);
      for (int d = 0; d < 16; d++) {
        assertThat(states.memory().get(ValueLayout.JAVA_SHORT, d * 16 * 2L))
            .isEqualTo(Float.floatToFloat16(numbers[d]));
      }
    }
  }

  @Test
  void codesAreWithinHalfAStepOfTheirNumbers() {
    KvLayout layout = new KvLayout(1, 2, 32, KvFormat.I8);
    float[] key = numbers(32);
    key[3] = 100;
    float[] value = new float[32];
    try (KvStates states = KvStates.allocate(layout, 18)) {
      states.put(0, 1, 17, key, 0, value, 0);
      MemorySegment memory = states.memory();
      long keys = layout.keyOffset(18, 0, 1, 16) + 1;
      long scaleAt = layout.keyScaleOffset(18, 0, 1, 17);
      float scale = Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT, scaleAt));
      assertThat(scale).isCloseTo(100 / 127f, within(0.001f));
      for (int dim = 0; dim < 32; dim++) {
        byte code = memory.get(ValueLayout.JAVA_BYTE, keys + dim * 16L);
        assertThat(code * scale).isCloseTo(key[dim], within(scale * 0.6f));
      }
      assertThat(memory.get(ValueLayout.JAVA_SHORT, layout.valueScaleOffset(18, 0, 1, 17)))
          .isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(KvFormat.class)
  void anotherFormatHoldsTheSameNumbersRoundedOnce(KvFormat format) {
    KvLayout exact = new KvLayout(2, 3, 32, KvFormat.F32);
    KvLayout other = new KvLayout(2, 3, 32, format);
    try (KvStates states = filled(exact, 37, 37);
        KvStates converted = states.in(other);
        KvStates direct = filled(other, 37, 37)) {
      assertThat(converted.layout()).isEqualTo(other);
      assertThat(converted.memory().mismatch(direct.memory())).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @EnumSource(KvFormat.class)
  void growingKeepsEveryToken(KvFormat format) {
    KvLayout layout = new KvLayout(3, 2, 16, format);
    try (KvStates small = filled(layout, 37, 37);
        KvStates grown = small.resized(90);
        KvStates expected = filled(layout, 90, 37)) {
      assertThat(grown.memory().mismatch(expected.memory())).isEqualTo(-1);
      assertThatThrownBy(() -> grown.resized(89)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void damagedPagesAreRefused() {
    KvLayout layout = new KvLayout(1, 1, 16, KvFormat.F32);
    assertThatThrownBy(() -> KvStates.ofPages(layout, 3, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0 pages instead of 1");
    assertThatThrownBy(() -> KvStates.ofPages(layout, 3, List.of(new byte[8])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("page 0 has 8 bytes");
  }

  /** States with room for {@code room} tokens and the same first {@code tokens} every time. */
  private static KvStates filled(KvLayout layout, int room, int tokens) {
    Random random = new Random(5);
    KvStates states = KvStates.allocate(layout, room);
    for (int token = 0; token < tokens; token++) {
      for (int layer = 0; layer < layout.layers(); layer++) {
        for (int head = 0; head < layout.kvHeads(); head++) {
          float[] both = new float[2 * layout.headDim()];
          for (int i = 0; i < both.length; i++) {
            both[i] = (float) random.nextGaussian();
          }
          states.put(layer, head, token, both, 0, both, layout.headDim());
        }
      }
    }
    return states;
  }

  private static float[] numbers(int n) {
    float[] numbers = new float[n];
    for (int i = 0; i < n; i++) {
      numbers[i] = (float) RANDOM.nextGaussian();
    }
    return numbers;
  }
}
