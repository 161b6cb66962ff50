package io.gibbon.topology;

import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.Encoder;
import io.gibbon.runtime.Profile;
import io.gibbon.runtime.kv.KvFormat;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An encoder without a model: a context is {@value #CONTEXT_CHARACTERS} characters, a character is
 * a token, and the KV states are bytes that follow from title and text. Documents are encoded at
 * once unless held; texts can be made to fail. Thread-safe.
 */
public final class ScriptedEncoder implements Encoder {

  /** Characters, and so tokens, of a context. */
  public static final int CONTEXT_CHARACTERS = 100;

  /** Of the profile, unless another is asked for. */
  public static final String FINGERPRINT = "00000000000000aa";

  private final Profile profile;
  private final List<String> encoded = new CopyOnWriteArrayList<>();
  private final Map<String, Integer> failures = new ConcurrentHashMap<>();
  private final List<Job> jobs = new CopyOnWriteArrayList<>();
  private final AtomicInteger collected = new AtomicInteger();
  private volatile boolean held;
  private volatile boolean closed;

  /** An encoder with states of 8 KiB a token, so that contexts have several pages. */
  public ScriptedEncoder() {
    this(FINGERPRINT);
  }

  /** An encoder of a profile of its own. */
  public ScriptedEncoder(String fingerprint) {
    KvLayout layout = new KvLayout(2, 8, 64, KvFormat.F32);
    profile =
        new Profile("scripted-" + fingerprint, fingerprint, layout, 3, 1000, CONTEXT_CHARACTERS);
  }

  /** Lets the next attempts for texts that contain a word fail. */
  public void fail(String word, int times) {
    failures.put(word, times);
  }

  /** Whether jobs stay unfinished until {@link #release}. */
  public void hold() {
    held = true;
  }

  /** Lets held jobs go on. */
  public void release() {
    held = false;
  }

  /** From now on nothing is encoded, neither what was handed over. */
  public void close() {
    closed = true;
  }

  /** Texts handed over so far, in order. */
  public List<String> encoded() {
    return encoded;
  }

  /** Contexts that were taken from jobs so far. */
  public int collected() {
    return collected.get();
  }

  /** How many jobs were cancelled. */
  public long cancelled() {
    return jobs.stream().filter(job -> job.cancelled).count();
  }

  @Override
  public Profile profile() {
    return profile;
  }

  @Override
  public EncodeJob encode(DocumentText document) {
    if (closed) {
      throw new ClosedException();
    }
    encoded.add(document.text());
    Job job = new Job(document, failureOf(document.text()));
    jobs.add(job);
    return job;
  }

  private @Nullable RuntimeException failureOf(String text) {
    for (String word : failures.keySet()) {
      boolean fails = text.contains(word) && failures.merge(word, -1, Integer::sum) >= 0;
      if (fails) {
        return new IllegalStateException("no way to encode " + word);
      }
    }
    return null;
  }

  /** The states of one context, as this encoder makes them. */
  public KvStates states(DocumentText document, int index) {
    String text = chunks(document.text()).get(index);
    KvStates states = KvStates.allocate(profile.layout(), text.length());
    SplittableRandom random = new SplittableRandom((document.title() + "#" + text).hashCode());
    MemorySegment memory = states.memory();
    for (long offset = 0; offset < memory.byteSize(); offset += Long.BYTES) {
      memory.set(ValueLayout.JAVA_LONG, offset, random.nextLong());
    }
    return states;
  }

  /** How a text is cut. */
  public static List<String> chunks(String text) {
    List<String> chunks = new ArrayList<>();
    for (int start = 0; start < text.length(); start += CONTEXT_CHARACTERS) {
      chunks.add(text.substring(start, Math.min(text.length(), start + CONTEXT_CHARACTERS)));
    }
    return chunks;
  }

  private final class Job implements EncodeJob {

    private final DocumentText document;
    private final @Nullable RuntimeException failure;
    private final List<String> chunks;
    private int next;
    private volatile boolean cancelled;

    Job(DocumentText document, @Nullable RuntimeException failure) {
      this.document = document;
      this.failure = failure;
      this.chunks = chunks(document.text());
    }

    @Override
    public synchronized @Nullable EncodedContext poll() {
      if (held || cancelled || failure != null || next == chunks.size()) {
        return null;
      }
      int index = next++;
      collected.incrementAndGet();
      return new EncodedContext(index, chunks.size(), chunks.get(index), states(document, index));
    }

    @Override
    public synchronized boolean isDone() {
      return failure == null && !cancelled && next == chunks.size();
    }

    @Override
    public @Nullable RuntimeException failure() {
      if (closed) {
        return new ClosedException();
      }
      return held ? null : failure;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }
}
