package io.gibbon.tornado;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.ExecutorContract;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;

/** The device keeps the contract of every backend. */
class TornadoExecutorTest extends ExecutorContract {

  @Override
  protected Executor load(Model model, KvLayout layout) {
    return Devices.best().load(model, layout, 2);
  }
}
