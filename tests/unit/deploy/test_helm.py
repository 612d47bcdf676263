"""The chart, rendered by Helm itself and held against the schemas of Kubernetes."""

from typing import Any

import pytest
import yaml
from helm_python.chart import Chart
from helm_python.errors import HelmError
from kubernetes_validate.utils import validate

from tests.conftest import ROOT

CHART = ROOT / "deploy/helm/shirushi"
KUBERNETES = "1.37"
OF_OTHERS = {"ScaledObject", "ServiceMonitor", "PodMonitor"}
"""Their schemas are not Kubernetes' own."""
Manifest = dict[str, Any]


def rendered(**values: Any) -> list[Manifest]:
    with Chart.load(str(CHART)) as chart:
        files = chart.render(values=values, name="logos", namespace="ml")
    every = [each for text in files.values() for each in yaml.safe_load_all(text)]
    return [each for each in every if each]


def of(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"data": {"claim": "logos"}, "otlp": "http://collector:4318", "nats": {"replicas": 5}},
        {"trainer": {"gpus": 0}, "keda": {"enabled": False}, "networkPolicies": {"enabled": False}},
    ],
)
def test_every_manifest_is_what_kubernetes_asks_for(values: Manifest) -> None:
    manifests = rendered(**values)
    names = [(each["kind"], each["metadata"]["name"]) for each in manifests]
    assert len(set(names)) == len(names) >= 13
    for each in manifests:
        if each["kind"] not in OF_OTHERS:
            validate(each, KUBERNETES, strict=True)


def test_no_pod_may_do_more_than_it_has_to() -> None:
    manifests = rendered()
    workloads = [*of(manifests, "Deployment").values(), *of(manifests, "StatefulSet").values()]
    assert len(workloads) == 6
    for each in workloads:
        pod = each["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        [container] = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert container["readinessProbe"]
        assert each["spec"]["selector"]["matchLabels"].items() <= (
            each["spec"]["template"]["metadata"]["labels"].items()
        )
        secrets = {v["secret"]["secretName"] for v in pod["volumes"] if "secret" in v}
        all_of_them = "shirushi-servers" in secrets
        assert all_of_them == (each["metadata"]["name"] in ("logos-nats", "logos-setup"))
    assert not of(manifests, "Secret"), "secrets are named, not held"


def test_a_trainer_has_a_card_and_is_scaled_by_the_queues_of_its_pool() -> None:
    manifests = rendered(trainer={"pool": "big"})
    pod = of(manifests, "Deployment")["logos-trainer"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert pod["terminationGracePeriodSeconds"] == 600
    scaled = of(manifests, "ScaledObject")["logos-trainer"]["spec"]
    consumers = [each["metadata"]["consumer"] for each in scaled["triggers"]]
    assert consumers == ["trainer-big-high", "trainer-big-normal", "trainer-big-low"]
    assert "replicas" not in of(manifests, "Deployment")["logos-trainer"]["spec"]


def test_servers_of_the_bus_know_each_other() -> None:
    manifests = rendered(nats={"replicas": 3})
    pod = of(manifests, "StatefulSet")["logos-nats"]["spec"]["template"]["spec"]
    env = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    peers = env["SHIRUSHI_BUS_PEERS"].split(",")
    assert peers == [f"logos-nats-{n}.logos-nats-peers:6222" for n in range(3)]
    setup = of(manifests, "Deployment")["logos-setup"]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "SHIRUSHI_REPLICAS", "value": "3"} in setup["env"]
    assert of(manifests, "PodDisruptionBudget")["logos-nats"]["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize(
    "wrong", [{"nats": {"replicas": 2}}, {"unknown": 1}, {"s3": {"endpoint": "ftp://x"}}]
)
def test_values_that_make_no_sense_are_refused(wrong: Manifest) -> None:
    with Chart.load(str(CHART)) as chart, pytest.raises(HelmError):
        chart.validate_schema(wrong)


def test_every_value_is_explained() -> None:
    text = (ROOT / "docs/kubernetes.md").read_text("utf-8")
    values = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
    assert all(f"`{name}" in text for name in values)
