{{- define "shirushi.labels" -}}
app.kubernetes.io/name: shirushi
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "shirushi.match" -}}
{ app.kubernetes.io/name: shirushi, app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: {{ .part }} }
{{- end }}

{{- define "shirushi.meta" -}}
name: {{ .root.Release.Name }}-{{ .part }}
labels:
  {{- include "shirushi.labels" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "shirushi.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "shirushi.container" -}}
image: {{ printf "%sshirushi-%s:%s" .root.Values.images.registry .image .root.Values.images.tag | quote }}
imagePullPolicy: {{ .root.Values.images.pullPolicy }}
securityContext:
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "shirushi.env" -}}
- { name: SHIRUSHI_HOME, value: /state }
- { name: SHIRUSHI_ROOTS, value: "/data:/state/datasets" }
- { name: SHIRUSHI_HOST_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: SHIRUSHI_NATS_URL, value: "tls://{{ .root.Release.Name }}-nats:4222" }
- { name: SHIRUSHI_NATS_USER, value: {{ .part }} }
- { name: SHIRUSHI_NATS_API, value: "$JS.APP.API" }
- { name: SHIRUSHI_NATS_CA, value: /ca/ca.pem }
- { name: SHIRUSHI_S3_ENDPOINT, value: {{ .root.Values.s3.endpoint | quote }} }
- { name: SHIRUSHI_S3_BUCKET, value: {{ .root.Values.s3.bucket | quote }} }
- { name: SHIRUSHI_LOG_JSON, value: "true" }
- { name: SHIRUSHI_METRICS, value: "0.0.0.0:9100" }
{{- with .root.Values.otlp }}
- { name: SHIRUSHI_OTLP, value: {{ . | quote }} }
{{- end }}
{{- end }}

{{- define "shirushi.mounts" -}}
- { name: ca, mountPath: /ca, readOnly: true }
- { name: state, mountPath: /state }
- { name: tmp, mountPath: /tmp }
{{- if .root.Values.data.claim }}
- { name: data, mountPath: /data, readOnly: true }
{{- end }}
{{- end }}

{{- define "shirushi.volumes" -}}
- { name: ca, secret: { secretName: {{ .root.Values.secrets.ca }} } }
- { name: state, emptyDir: { sizeLimit: {{ .scratch }} } }
- { name: tmp, emptyDir: {} }
{{- with .root.Values.data.claim }}
- { name: data, persistentVolumeClaim: { claimName: {{ . }}, readOnly: true } }
{{- end }}
{{- end }}
