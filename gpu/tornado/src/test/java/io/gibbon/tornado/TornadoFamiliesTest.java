package io.gibbon.tornado;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.FamiliesContract;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;

/** The device runs every family of models. */
class TornadoFamiliesTest extends FamiliesContract {

  @Override
  protected Executor load(Model model, KvLayout layout) {
    return Devices.best().load(model, layout, 2);
  }
}
