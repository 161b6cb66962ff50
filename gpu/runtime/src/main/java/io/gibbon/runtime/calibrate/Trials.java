package io.gibbon.runtime.calibrate;

import io.gibbon.runtime.calibrate.ContextSource.Context;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * Draws questions from contexts: those of half of the documents to learn from, those of the other
 * half to judge by. Used by one thread.
 */
final class Trials {

  /** Contexts that one question is asked over. */
  static final int AMONG = 5;

  private static final int DRAWS_PER_QUESTION = 20;

  private final List<Context> contexts;
  private final Random random;
  private final List<Integer> learning = new ArrayList<>();
  private final List<Integer> judging = new ArrayList<>();

  Trials(List<Context> contexts, long seed) {
    this.contexts = contexts;
    this.random = new Random(seed);
    Map<String, List<Integer>> byDocument = new LinkedHashMap<>();
    for (int i = 0; i < contexts.size(); i++) {
      byDocument.computeIfAbsent(contexts.get(i).document(), d -> new ArrayList<>()).add(i);
    }
    List<List<Integer>> documents = new ArrayList<>(byDocument.values());
    Collections.shuffle(documents, random);
    for (List<Integer> document : documents) {
      (learning.size() <= judging.size() ? learning : judging).addAll(document);
    }
  }

  /** Questions to learn from, none twice. */
  List<Trial> toLearn(int count) {
    return draw(learning, count);
  }

  /** Questions to judge by, none twice. */
  List<Trial> toJudge(int count) {
    return draw(judging, count);
  }

  private List<Trial> draw(List<Integer> pool, int count) {
    List<Trial> trials = new ArrayList<>();
    if (pool.size() < AMONG) {
      return trials;
    }
    Set<String> asked = new HashSet<>();
    for (int i = 0; i < DRAWS_PER_QUESTION * count && trials.size() < count; i++) {
      List<Integer> among = among(pool);
      int source = random.nextInt(AMONG);
      SelfQuestions.from(contexts.get(among.get(source)).text(), random)
          .filter(question -> asked.add(question.lead()))
          .ifPresent(question -> trials.add(new Trial(among, source, question)));
    }
    return trials;
  }

  private List<Integer> among(List<Integer> pool) {
    Set<Integer> among = new HashSet<>();
    List<Integer> ordered = new ArrayList<>();
    while (ordered.size() < AMONG) {
      int context = pool.get(random.nextInt(pool.size()));
      if (among.add(context)) {
        ordered.add(context);
      }
    }
    return ordered;
  }
}
