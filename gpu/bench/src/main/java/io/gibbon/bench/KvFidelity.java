package io.gibbon.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.gibbon.runtime.RuntimeConfig;
import io.gibbon.runtime.chat.ChatMessage;
import io.gibbon.runtime.chat.ChatPrompt;
import io.gibbon.runtime.engine.CpuBackend;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a format of KV states costs in answers: questions over contexts, answered greedily with
 * float32 states, then the same answers followed token by token with the format's. One thread at a
 * time.
 */
public final class KvFidelity implements AutoCloseable {

  private static final int ANSWER_TOKENS = 24;
  private static final double DIVERGENCE_GOAL = 4e-4;
  private static final double BYTES_GOAL = 1.1;

  /** Of a token that the reference prefers by more, an answer should not change. */
  private static final double CLEAR_MARGIN = 1;

  private final Model model;
  private final Tokenizer tokenizer;
  private final ChatPrompt chat;
  private final RuntimeConfig config;

  /** Opens a model in the configuration's format and threads. */
  public KvFidelity(RuntimeConfig config) {
    this.config = config;
    this.model = Model.open(config.model());
    this.tokenizer = Tokenizer.from(model.metadata());
    this.chat = new ChatPrompt(model, tokenizer, config.promptFormat());
  }

  /** A question and the contexts that it is asked over, as tokens. */
  private record Case(List<int[]> contexts, int[] query) {}

  /** The logits of an answer's tokens, and the tokens that they were followed by. */
  private record Answer(int[] tokens, List<float[]> logits) {}

  /**
   * Measures how far answers are from those with float32 states.
   *
   * @param questions a file with a JSON object a line: {@code question}, and {@code contexts} with
   *     {@code title} and {@code text} each
   * @param count how many of the first lines
   */
  public List<BenchResult> measure(Path questions, int count) throws IOException {
    List<Case> cases = read(questions, count);
    List<Answer> exact = new ArrayList<>();
    try (Run run = new Run(KvFormat.F32)) {
      cases.forEach(one -> exact.add(run.answer(one, null)));
    }
    double divergence = 0;
    int tokens = 0;
    int clear = 0;
    int kept = 0;
    try (Run run = new Run(config.kvFormat())) {
      for (int i = 0; i < cases.size(); i++) {
        Answer followed = run.answer(cases.get(i), exact.get(i).tokens());
        for (int t = 0; t < followed.logits().size(); t++, tokens++) {
          float[] reference = exact.get(i).logits().get(t);
          divergence += divergence(reference, followed.logits().get(t));
          if (margin(reference) > CLEAR_MARGIN) {
            clear++;
            kept += greatest(reference) == greatest(followed.logits().get(t)) ? 1 : 0;
          }
        }
      }
    }
    return List.of(
        row("divergence", "nats", DIVERGENCE_GOAL, divergence / tokens, tokens),
        row("clear tokens", "kept", 1.0, (double) kept / clear, clear));
  }

  /** Bytes of one number of a key or value in a full context, scales and padding included. */
  public BenchResult bytes() {
    return row("bytes", "B/value", BYTES_GOAL, bytesPerValue(), 1);
  }

  private BenchResult row(String what, String unit, double goal, double value, int samples) {
    String name = "kv/%s/%s".formatted(config.kvFormat().name().toLowerCase(Locale.ROOT), what);
    return new BenchResult(name, value, unit, null, null, null, goal, samples, 0);
  }

  private List<Case> read(Path questions, int count) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<Case> cases = new ArrayList<>();
    try (Stream<String> lines = Files.lines(questions)) {
      for (String line : lines.limit(count).toList()) {
        JsonNode json = mapper.readTree(line);
        List<int[]> contexts = new ArrayList<>();
        for (JsonNode context : json.required("contexts")) {
          contexts.add(
              chat.context(context.path("title").asText(), context.required("text").asText()));
        }
        String question = json.required("question").asText();
        cases.add(new Case(contexts, chat.query(List.of(ChatMessage.user(question)), true)));
      }
    }
    return cases;
  }

  private KvLayout layout(KvFormat format) {
    ModelDescription shape = model.description();
    return new KvLayout(shape.layers(), shape.kvHeads(), shape.headDim(), format);
  }

  private double bytesPerValue() {
    KvLayout layout = layout(config.kvFormat());
    int tokens = config.contextTokens();
    return (double) layout.bytes(tokens)
        / (2.0 * tokens * layout.layers() * layout.kvHeads() * layout.headDim());
  }

  /** Kullback-Leibler divergence of the second distribution from the first. */
  private static double divergence(float[] reference, float[] other) {
    double a = logSumExp(reference);
    double b = logSumExp(other);
    double sum = 0;
    for (int i = 0; i < reference.length; i++) {
      double logProbability = reference[i] - a;
      sum += Math.exp(logProbability) * (logProbability - (other[i] - b));
    }
    return sum;
  }

  private static double logSumExp(float[] logits) {
    double greatest = logits[greatest(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - greatest);
    }
    return greatest + Math.log(sum);
  }

  private static int greatest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      best = logits[i] > logits[best] ? i : best;
    }
    return best;
  }

  private static double margin(float[] logits) {
    int best = greatest(logits);
    float second = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < logits.length; i++) {
      second = i == best ? second : Math.max(second, logits[i]);
    }
    return logits[best] - second;
  }

  @Override
  public void close() {
    model.close();
  }

  /** The model with states of one format. */
  private final class Run implements AutoCloseable {

    private final KvLayout layout;
    private final Executor executor;
    private final KvStates prefix;

    Run(KvFormat format) {
      this.layout = layout(format);
      this.executor = new CpuBackend().load(model, layout, config.threads());
      this.prefix = encode(null, chat.prefix(), 0);
    }

    /** Answers greedily, or follows the tokens of another answer. */
    Answer answer(Case one, int @Nullable [] follow) {
      List<KvStates> contexts =
          one.contexts().stream().map(c -> stored(encode(prefix, c, prefix.tokens()))).toList();
      int longest = one.contexts().stream().mapToInt(c -> c.length).max().orElse(0);
      int room = one.query().length + ANSWER_TOKENS;
      List<float[]> logits = new ArrayList<>();
      int[] tokens = new int[ANSWER_TOKENS];
      int written = 0;
      try (KvStates own = KvStates.allocate(layout.working(), room)) {
        Sequence sequence = new Sequence(prefix, contexts, own, prefix.tokens() + longest, 0.8, 1);
        int[] next = one.query();
        int filled = 0;
        int most = follow == null ? ANSWER_TOKENS : follow.length;
        while (written < most) {
          float[] row = new float[model.description().vocabulary()];
          executor.step(List.of(new Slice(sequence, filled, next, row, null)));
          filled += next.length;
          logits.add(row);
          tokens[written] = follow == null ? greatest(row) : follow[written];
          next = new int[] {tokens[written++]};
          if (tokenizer.endOfGeneration().contains(next[0])) {
            break;
          }
        }
      } finally {
        contexts.forEach(KvStates::close);
      }
      return new Answer(Arrays.copyOf(tokens, written), logits);
    }

    /** A context's states as they are kept. */
    private KvStates stored(KvStates working) {
      try (working) {
        return working.in(layout);
      }
    }

    private KvStates encode(@Nullable KvStates before, int[] tokens, int start) {
      KvStates own = KvStates.allocate(layout.working(), tokens.length);
      Sequence sequence = new Sequence(before, List.of(), own, start, 1, 1);
      executor.step(List.of(new Slice(sequence, 0, tokens, null, null)));
      return own;
    }

    @Override
    public void close() {
      prefix.close();
      executor.close();
    }
  }
}
