package io.gibbon.runtime;

import io.gibbon.runtime.calibrate.Calibrator;
import io.gibbon.runtime.chat.ChatPrompt;
import io.gibbon.runtime.chunk.Chunk;
import io.gibbon.runtime.chunk.Chunker;
import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.Sequence;
import io.gibbon.runtime.engine.Slice;
import io.gibbon.runtime.kv.KvCache;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.runtime.model.Model;
import io.gibbon.runtime.model.ModelDescription;
import io.gibbon.runtime.rank.ContextReader;
import io.gibbon.runtime.schedule.Scheduler;
import io.gibbon.runtime.tokenizer.Tokenizer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An open model: encodes documents and answers questions over what it encoded. Thread-safe.
 *
 * <p>The flow: {@link ChatPrompt} words prefix, contexts and queries; {@link Chunker} cuts
 * documents into contexts; {@link Scheduler} batches contexts and answers into steps; {@link
 * Executor} computes them on the chosen backend; {@link KvCache} keeps contexts at hand.
 */
public final class ModelRuntime implements Encoder, Generator, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ModelRuntime.class);

  private final Deque<Runnable> closers = new ArrayDeque<>();
  private final String backend;
  private final Tokenizer tokenizer;
  private final ChatPrompt chat;
  private final Chunker chunker;
  private final Profile profile;
  private final int heads;
  private final KvCache cache;
  private final @Nullable KvStates prefixStates;
  private final Scheduler scheduler;

  /**
   * Opens a model and chooses a backend. The shared prefix is encoded behind the caller's back: the
   * first answer and the first context wait for it.
   *
   * @throws io.gibbon.runtime.model.InvalidModelException if the file is no model that can run
   * @throws IllegalArgumentException if the configuration does not fit the model; names the key
   * @throws IllegalStateException if the backend cannot run here
   */
  public static ModelRuntime open(RuntimeConfig config) {
    return new ModelRuntime(config);
  }

  private ModelRuntime(RuntimeConfig config) {
    try {
      BackendChoice choice = BackendChoice.of(config.backend());
      backend = choice.backend().name();
      Model model = Model.open(config.model());
      closers.push(model::close);
      tokenizer = Tokenizer.from(model.metadata());
      chat = new ChatPrompt(model, tokenizer, config.promptFormat());
      KvLayout layout = layout(model.description(), config);
      int[] prefix = chat.prefix();
      heads = model.description().heads();
      profile = profile(model, prefix, layout, config);
      chunker = new Chunker(tokenizer, chat, config.contextTokens());
      Executor executor = choice.backend().load(model, layout, config.threads());
      closers.push(executor::close);
      LOG.info(
          "Model {} runs on backend {} ({}), {} threads, profile {}",
          model.name(),
          backend,
          choice.reason(),
          config.threads(),
          profile.fingerprint());
      prefixStates = prefix.length == 0 ? null : allocate(layout.working(), prefix.length);
      Runnable begin = () -> begin(executor, layout.working(), prefixStates, prefix);
      cache = new KvCache(config.kvBudgetBytes());
      closers.push(cache::close);
      scheduler = new Scheduler(begin, executor, profile, tokenizer, prefixStates, cache, config);
      closers.push(scheduler::close);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static KvLayout layout(ModelDescription model, RuntimeConfig config) {
    return new KvLayout(model.layers(), model.kvHeads(), model.headDim(), config.kvFormat());
  }

  private static Profile profile(Model model, int[] prefix, KvLayout layout, RuntimeConfig config) {
    int window = model.description().window();
    if (prefix.length + config.contextTokens() >= window) {
      throw new IllegalArgumentException(
          "contextTokens = %d and a prefix of %d tokens leave nothing of the model's window of %d"
              .formatted(config.contextTokens(), prefix.length, window));
    }
    String fingerprint =
        Fingerprint.of(
            model.sha256(),
            prefix,
            config.promptFormat().context(),
            layout,
            config.contextTokens());
    return new Profile(
        model.name(), fingerprint, layout, prefix.length, window, config.contextTokens());
  }

  private KvStates allocate(KvLayout layout, int tokens) {
    KvStates states = KvStates.allocate(layout, tokens);
    closers.push(states::close);
    return states;
  }

  /**
   * Encodes the prefix, and reads one token behind it for nothing: what writes an answer's tokens
   * is compiled before somebody waits for it.
   */
  private void begin(
      Executor executor, KvLayout layout, @Nullable KvStates states, int[] prefixTokens) {
    if (states != null) {
      Sequence prefix = new Sequence(null, List.of(), states, 0, 1, 1);
      executor.step(List.of(new Slice(prefix, 0, prefixTokens, null, null)));
    }
    try (KvStates own = KvStates.allocate(layout, 1)) {
      Sequence answer = new Sequence(states, List.of(), own, prefixTokens.length, 1, 1);
      float[] logits = new float[tokenizer.size()];
      executor.step(List.of(new Slice(answer, 0, new int[] {0}, logits, null)));
    }
  }

  @Override
  public Profile profile() {
    return profile;
  }

  @Override
  public EncodeJob encode(DocumentText document) {
    return scheduler.encode(() -> chunks(document));
  }

  private List<Chunk> chunks(DocumentText document) {
    List<Chunk> chunks = new ArrayList<>();
    chunker.chunk(document.title(), document.text()).forEach(chunks::add);
    return chunks;
  }

  @Override
  public Generation generate(GenerationTask task, GenerationListener listener) {
    return scheduler.generate(task, listener);
  }

  @Override
  public Optional<String> failure() {
    return scheduler.failure();
  }

  /**
   * Runs slices in a step of their own between those of answers and waits for it: what reads cached
   * states without writing an answer, such as ranking. They fit the model's layout and window.
   *
   * @throws ClosedException if the runtime is closed
   */
  public void probe(List<Slice> slices) {
    scheduler.probe(slices);
  }

  /** Encodes contexts behind each other and the prefix, between the steps of answers. */
  public SequentialEncoder sequentialEncoder() {
    return new SequentialEncoder(this::probe, profile.layout(), prefixStates, cache);
  }

  /** Tokens of a whole chunk of a document, as {@link #encode(DocumentText)} reads it. */
  public int[] contextTokens(String title, String text) {
    return chunker.context(title, text);
  }

  /** Reads tokens over cached contexts, behind the prefix. Thread-safe. */
  public ContextReader reader() {
    return new ContextReader(this::probe, profile.layout(), tokenizer.size(), prefixStates, cache);
  }

  /** Finds T, S and heads for this model. */
  public Calibrator calibrator() {
    return new Calibrator(reader(), chat, tokenizer, profile.layout().layers(), heads);
  }

  /**
   * KV states of the shared prefix, or null if it is empty; open as long as the runtime. They are
   * filled by the time that a {@link #probe}, an answer or a context runs.
   */
  public @Nullable KvStates prefix() {
    return prefixStates;
  }

  /** The model's tokenizer. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** How conversations become queries. */
  public ChatPrompt chat() {
    return chat;
  }

  /** Contexts at hand, under the budget that running answers share. */
  public KvCache cache() {
    return cache;
  }

  /** Name of the backend that runs the model. */
  public String backendName() {
    return backend;
  }

  /** How busy the scheduler is. */
  public Scheduler.Stats stats() {
    return scheduler.stats();
  }

  /** Ends everything that runs or waits after the current step, and frees the model. Idempotent. */
  @Override
  public void close() {
    synchronized (closers) {
      while (!closers.isEmpty()) {
        closers.pop().run();
      }
    }
  }
}
