package io.gibbon.runtime.calibrate;

import java.util.List;

/**
 * A question and the contexts that it is asked over.
 *
 * @param contexts indices of contexts
 * @param source which of these the question was made from
 * @param question what is asked
 */
record Trial(List<Integer> contexts, int source, SelfQuestions.SelfQuestion question) {}
