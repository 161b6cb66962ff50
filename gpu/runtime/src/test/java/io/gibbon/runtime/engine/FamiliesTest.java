package io.gibbon.runtime.engine;

import io.gibbon.runtime.kernel.VectorKernels;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;

/** The CPU runs every family of models. */
class FamiliesTest extends FamiliesContract {

  @Override
  protected Executor load(Model model, KvLayout layout) {
    return new CpuExecutor(model, layout, new VectorKernels(), 2);
  }
}
