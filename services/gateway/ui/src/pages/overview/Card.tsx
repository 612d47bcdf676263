// A small card: what, how much, and a picture of how it went.
import { Text } from "@mantine/core";
import type { ReactNode } from "react";

export function Card(props: { title: string; value: string; testId?: string; children?: ReactNode }) {
  return (
    <section className="card" aria-label={props.title} data-testid={props.testId}>
      <Text size="sm" c="dimmed" fw={550} truncate title={props.title}>
        {props.title}
      </Text>
      <Text component="div" className="figure" mb={6}>
        {props.value}
      </Text>
      {props.children}
    </section>
  );
}
