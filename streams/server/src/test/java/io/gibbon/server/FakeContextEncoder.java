package io.gibbon.server;

import io.gibbon.runtime.kv.KvLayout;
import io.gibbon.runtime.kv.KvStates;
import io.gibbon.server.answer.Engine;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Encodes contexts, which all have five tokens, behind others. */
public final class FakeContextEncoder implements Engine.ContextEncoder {

  private final KvLayout layout;

  /** Texts encoded so far. */
  public final List<String> encoded = new CopyOnWriteArrayList<>();

  /** Runs at every encoding, on the caller's thread. */
  public volatile Runnable onEncode = () -> {};

  FakeContextEncoder(KvLayout layout) {
    this.layout = layout;
  }

  @Override
  public KvStates behind(List<KvStates> before, String title, String text) {
    encoded.add(text);
    onEncode.run();
    return KvStates.allocate(layout, 5);
  }
}
