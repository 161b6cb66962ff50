package io.gibbon.tornado;

import io.gibbon.runtime.engine.AttentionPlan;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.HeadShares;
import io.gibbon.runtime.engine.Rope;
import io.gibbon.runtime.engine.RowRange;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.engine.StepRules;
import io.gibbon.runtime.engine.Weights;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.sampling.TopLogits;
import io.gibbon.tornado.PagePool.Tokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * Runs a model on a device. Host states stay the truth: what a step computes is read back once, and
 * the device keeps pages of whatever was attended lately. So a step that fails on the device can be
 * run again anywhere. One thread at a time.
 */
final class TornadoExecutor implements Executor {

  private final ModelDescription model;
  private final StepRules rules;
  private final Rope rope;
  private final Rope slidingRope;
  private final DeviceProgram program;
  private final PagePool pool;
  private final PagePool codePool;
  private final float[] numbers;
  private final float[] fresh;
  private final List<Runnable> copies = new ArrayList<>();
  private final Map<HeadShares, ShareSums> collected = new IdentityHashMap<>();

  /**
   * Compiles the kernels and takes the weights to the device.
   *
   * @param products how the device multiplies by weights
   * @param slots how many pages of KV states the device keeps
   */
  TornadoExecutor(
      ModelDescription model,
      KvLayout layout,
      Weights weights,
      TornadoDevice device,
      Products products,
      PageSlots slots) {
    this.model = model;
    this.rules = new StepRules(model, layout);
    this.rope = new Rope(model.rope(), weights.ropeDivisors());
    this.slidingRope =
        model.sliding() == null ? rope : new Rope(model.sliding().rope(), new float[0]);
    boolean halves = layout.working().format().bytes() == Short.BYTES;
    DeviceWeights packed = new DeviceWeights(model, weights, halves);
    this.pool = new PagePool(slots.floats());
    this.codePool = new PagePool(slots.codes());
    this.numbers = new float[StepTable.ANGLES + StepTable.MAX_ROWS * 2 * model.rope().dimensions()];
    this.fresh = new float[DeviceProgram.freshFloats(model)];
    // The last, since nobody would close it if something after it failed.
    this.program = new DeviceProgram(model, layout, packed, device, products, slots);
  }

  @Override
  public void step(List<Slice> slices) {
    rules.require(slices);
    try {
      cut(slices, StepTable.MAX_ROWS).forEach(this::run);
      collected.values().forEach(sums -> sums.write(model.heads() * model.layers()));
      copies.reversed().forEach(Runnable::run);
    } catch (RuntimeException | Error e) {
      slices.forEach(slice -> pool.forget(slice.sequence().own()));
      throw e;
    } finally {
      collected.clear();
      copies.clear();
    }
  }

  /** Cuts a step into parts of at most so many rows. */
  private List<List<Slice>> cut(List<Slice> slices, int most) {
    List<List<Slice>> parts = new ArrayList<>();
    int room = 0;
    for (Slice slice : slices) {
      int tokens = slice.tokens().length;
      for (int from = 0; from < tokens; ) {
        if (room == 0) {
          parts.add(new ArrayList<>());
          room = most;
        }
        int count = Math.min(room, tokens - from);
        parts.getLast().add(part(slice, from, count));
        from += count;
        room -= count;
      }
    }
    return parts;
  }

  /** A slice's next tokens; the results of its last row go to the last part. */
  private Slice part(Slice slice, int from, int count) {
    int tokens = slice.tokens().length;
    if (count == tokens) {
      return slice;
    }
    boolean all = RowRange.wantedRows(slice, model.vocabulary()) == tokens;
    boolean wanted = all || from + count == tokens;
    int rows = all ? count : 1;
    int row = all ? from : 0;
    return new Slice(
        slice.sequence(),
        slice.first() + from,
        Arrays.copyOfRange(slice.tokens(), from, from + count),
        wanted ? logits(slice, row, rows) : null,
        wanted ? top(slice, row, rows) : null,
        wanted ? slice.shares() : null);
  }

  /** Room for some rows of logits, which go to the slice's own in the end. */
  private float @Nullable [] logits(Slice slice, int row, int rows) {
    float[] all = slice.logits();
    if (all == null) {
      return null;
    }
    float[] some = new float[rows * model.vocabulary()];
    copies.add(() -> System.arraycopy(some, 0, all, row * model.vocabulary(), some.length));
    return some;
  }

  private @Nullable TopLogits top(Slice slice, int row, int rows) {
    TopLogits all = slice.top();
    if (all == null) {
      return null;
    }
    TopLogits some = new TopLogits(rows, all.count());
    copies.add(() -> all.copy(some, row));
    return some;
  }

  /** Runs some rows together, or halves of them if the device has no room for all. */
  private void run(List<Slice> slices) {
    int rows = slices.stream().mapToInt(slice -> slice.tokens().length).sum();
    StepPlan plan;
    try {
      plan = plan(slices);
    } catch (TooLargeException e) {
      if (rows == 1) {
        throw e;
      }
      cut(slices, (rows + 1) / 2).forEach(this::run);
      return;
    }
    int layers = slices.stream().mapToInt(slice -> slice.depth(model.layers())).max().orElseThrow();
    program.run(plan, numbers(plan), layers);
    readStates(plan, layers);
    if (slices.stream().anyMatch(Slice::wantsLogits)) {
      readLogits(plan);
    }
    addShares(plan);
  }

  /** Makes resident what the slices attend to. */
  private StepPlan plan(List<Slice> slices) {
    Map<KvStates, Tokens> floats = new IdentityHashMap<>();
    Map<KvStates, Tokens> codes = new IdentityHashMap<>();
    for (Slice slice : slices) {
      Sequence sequence = slice.sequence();
      if (sequence.prefix() != null) {
        addWhole(sequence.prefix(), floats, codes);
      }
      sequence.contexts().forEach(context -> addWhole(context, floats, codes));
      int end = slice.first() + slice.tokens().length;
      floats.put(sequence.own(), new Tokens(end, slice.first()));
    }
    DeviceProgram.CodeLoader codeLoader = program.new CodeLoader();
    Map<KvStates, int[]> pages = codePool.place(codes, codeLoader);
    codeLoader.flush();
    DeviceProgram.PageLoader loader = program.new PageLoader();
    pages.putAll(pool.place(floats, loader));
    loader.flush();
    int group = model.heads() / model.kvHeads();
    return new StepPlan(slices, model.vocabulary(), model.heads(), group, pages, codes.keySet());
  }

  /** Codes stay codes, unless the device was given no room for them. */
  private void addWhole(
      KvStates states, Map<KvStates, Tokens> floats, Map<KvStates, Tokens> codes) {
    boolean coded = states.layout().format().scaled() && codePool.stats().capacity() > 0;
    (coded ? codes : floats).put(states, new Tokens(states.tokens(), states.tokens()));
  }

  private float[] numbers(StepPlan plan) {
    numbers[StepTable.EPSILON] = model.rmsEpsilon();
    numbers[StepTable.EMBEDDING_SCALE] = model.embeddingScale();
    numbers[StepTable.ATTENTION_SCALE] = (float) model.attentionScale();
    int angles = StepTable.ANGLES;
    for (RowRange range : plan.ranges()) {
      double temperature = range.slice().sequence().attentionTemperature();
      double sharpness = range.slice().sequence().scalingFactor() * temperature;
      for (int row = range.row(); row < range.row() + range.count(); row++) {
        numbers[StepTable.SCALES + 2 * row] = (float) (model.attentionScale() / temperature);
        numbers[StepTable.SCALES + 2 * row + 1] = (float) sharpness;
        angles += rope.angles(range.position(row), numbers, angles);
        angles += slidingRope.angles(range.position(row), numbers, angles);
      }
    }
    return numbers;
  }

  /** Brings new keys and values back of the layers that ran: the next step may attend to them. */
  private void readStates(StepPlan plan, int layers) {
    int dim = model.headDim();
    for (RowRange range : plan.ranges()) {
      KvStates own = range.slice().sequence().own();
      for (int row = range.row(); row < range.row() + range.count(); row++) {
        program.fresh(row, fresh);
        int at = 0;
        for (int layer = 0; layer < layers; layer++) {
          for (int head = 0; head < model.kvHeads(); head++) {
            own.put(layer, head, range.ownIndex(row), fresh, at, fresh, at + dim);
            at += 2 * dim;
          }
        }
      }
      pool.filled(own, range.first() + range.count());
    }
  }

  private void readLogits(StepPlan plan) {
    int total = RowRange.total(plan.wanted());
    for (int first = 0; first < total; first += StepTable.LOGIT_ROWS) {
      int end = Math.min(total, first + StepTable.LOGIT_ROWS);
      program.output(plan, end - first);
      for (RowRange range : plan.wanted()) {
        int from = Math.max(first, range.row());
        int to = Math.min(end, range.row() + range.count());
        for (int row = from; row < to; row++) {
          readLogits(range.slice(), row - first, row - range.row());
        }
      }
    }
  }

  /** What a slice asks of one of the rows that were just computed. */
  private void readLogits(Slice slice, int computed, int row) {
    if (slice.logits() != null) {
      program.logits(computed, slice.logits(), row * model.vocabulary());
    } else if (slice.top() != null) {
      program.top(computed, slice.top(), row);
    }
  }

  private void addShares(StepPlan plan) {
    for (RowRange range : plan.ranges()) {
      HeadShares shares = range.slice().shares();
      if (shares != null) {
        int[] contexts = AttentionPlan.contextOfPiece(range.slice().sequence().contexts());
        int rows = RowRange.wantedRows(range.slice(), model.vocabulary());
        collected
            .computeIfAbsent(shares, s -> new ShareSums(s, contexts))
            .add(program::share, plan.firstCell(range.slice()), rows);
      }
    }
  }

  /** What the device keeps of KV states as floats. */
  PagePool.Stats pages() {
    return pool.stats();
  }

  /** What the device keeps of KV states as codes. */
  PagePool.Stats codePages() {
    return codePool.stats();
  }

  @Override
  public void close() {
    program.close();
  }
}
