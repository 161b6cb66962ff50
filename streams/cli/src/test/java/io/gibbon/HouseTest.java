package io.gibbon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/**
 * The arrows of the house: {@code cli -> server -> topology -> {runtime, schemas}}, {@code connect
 * -> schemas}, and what each room must not know.
 */
@AnalyzeClasses(
    packages = "io.gibbon",
    importOptions = {ImportOption.DoNotIncludeTests.class})
class HouseTest {

  private static final String RUNTIME = "io.gibbon.runtime..";
  private static final String SCHEMAS = "io.gibbon.schemas..";
  private static final String TOPOLOGY = "io.gibbon.topology..";
  private static final String SERVER = "io.gibbon.server..";
  private static final String CONNECT = "io.gibbon.connect..";
  private static final String BROKER = "io.gibbon.broker..";
  private static final String BENCH = "io.gibbon.bench..";
  private static final String CLI = "io.gibbon.cli..";

  @ArchTest
  static final ArchRule RUNTIME_KNOWS_NO_KAFKA_AVRO_OR_VERTX =
      noClasses()
          .that()
          .resideInAPackage(RUNTIME)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "org.apache.kafka..",
              "org.apache.avro..",
              "io.vertx..",
              SCHEMAS,
              TOPOLOGY,
              SERVER,
              CONNECT,
              BROKER,
              BENCH,
              CLI);

  @ArchTest
  static final ArchRule SCHEMAS_KNOW_NOBODY =
      noClasses()
          .that()
          .resideInAPackage(SCHEMAS)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(RUNTIME, TOPOLOGY, SERVER, CONNECT, BROKER, BENCH, CLI, "io.vertx..");

  @ArchTest
  static final ArchRule TOPOLOGY_KNOWS_NO_VERTX_AND_NOBODY_ABOVE =
      noClasses()
          .that()
          .resideInAPackage(TOPOLOGY)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx..", SERVER, CONNECT, BROKER, BENCH, CLI);

  @ArchTest
  static final ArchRule SERVER_KNOWS_NOBODY_ABOVE =
      noClasses()
          .that()
          .resideInAPackage(SERVER)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CONNECT, BROKER, BENCH, CLI);

  @ArchTest
  static final ArchRule BENCHMARKS_KNOW_ONLY_THE_RUNTIME =
      noClasses()
          .that()
          .resideInAPackage(BENCH)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(SCHEMAS, TOPOLOGY, SERVER, CONNECT, BROKER, CLI);

  @ArchTest
  static final ArchRule THE_BROKER_KNOWS_NOBODY =
      noClasses()
          .that()
          .resideInAPackage(BROKER)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(RUNTIME, SCHEMAS, TOPOLOGY, SERVER, CONNECT, BENCH, CLI);

  @ArchTest
  static final ArchRule INTERNALS_STAY_INSIDE_THE_TOPOLOGY =
      classes()
          .that()
          .resideInAPackage("io.gibbon.topology.internals..")
          .should()
          .onlyHaveDependentClassesThat()
          .resideInAPackage(TOPOLOGY);

  @ArchTest
  static final ArchRule PACKAGES_OF_THE_RUNTIME_FORM_NO_CYCLES_BELOW_ITS_ROOT =
      slices().matching("io.gibbon.runtime.(*)..").should().beFreeOfCycles();
}
