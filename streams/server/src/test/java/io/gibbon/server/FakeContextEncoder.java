package io.gibbon.server;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.server.answer.Engine;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Encodes contexts, which all have five tokens, behind others. */
public final class FakeContextEncoder implements Engine.ContextEncoder {

  private final KvLayout layout;

  /** Texts encoded so far. */
  public final List<String> encoded = new CopyOnWriteArrayList<>();

  /** Runs at every encoding, on the caller's thread, and is told whether it is wanted. */
  public volatile Consumer<BooleanSupplier> onEncode = wanted -> {};

  FakeContextEncoder(KvLayout layout) {
    this.layout = layout;
  }

  @Override
  public KvStates behind(List<KvStates> before, String title, String text, BooleanSupplier wanted) {
    encoded.add(text);
    onEncode.accept(wanted);
    if (!wanted.getAsBoolean()) {
      throw new CancellationException();
    }
    return KvStates.allocate(layout, 5);
  }
}
