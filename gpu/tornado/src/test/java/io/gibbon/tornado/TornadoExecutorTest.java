package io.gibbon.tornado;

import io.gibbon.runtime.engine.Executor;
import io.gibbon.runtime.engine.ExecutorContract;
import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.model.Model;
import org.junit.jupiter.api.Nested;

/** The device keeps the contract of every backend, in whichever way it multiplies. */
class TornadoExecutorTest {

  @Nested
  class Lanes extends Contract {
    Lanes() {
      super(Products.LANES);
    }
  }

  @Nested
  class Groups extends Contract {
    Groups() {
      super(Products.GROUPS);
    }
  }

  abstract static class Contract extends ExecutorContract {

    private final Products products;

    Contract(Products products) {
      this.products = products;
    }

    @Override
    protected Executor load(Model model, KvLayout layout) {
      return new Device(Devices.best().handle(), products).load(model, layout, 2);
    }
  }
}
