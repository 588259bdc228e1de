{{/* The release's full name, at most 52 characters: suffixes follow. */}}
{{- define "wschat-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What selects the operator's pods; never changes during a release's life. */}}
{{- define "wschat-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels of every object of the release. */}}
{{- define "wschat-operator.labels" -}}
{{ include "wschat-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "wschat-operator.serviceAccountName" -}}
{{- default (include "wschat-operator.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{/* repository[:tag][@digest] */}}
{{- define "wschat-operator.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* What the schema can't say: what must be set, and what excludes what. */}}
{{- define "wschat-operator.validate" -}}
{{- if not .Values.folderId -}}
{{- fail "folderId is not set: set it to the Yandex Cloud folder that chats live in, as --set folderId=b1g…" -}}
{{- end -}}
{{- $ways := compact (list .Values.credentials.existingSecret (ternary "metadata" "" .Values.credentials.metadata) .Values.credentials.workloadIdentity.serviceAccountId) -}}
{{- if not $ways -}}
{{- fail "credentials are not set: create a Secret with the operator's authorized key (kubectl create secret generic wschat-operator-key --from-file=key.json) and set credentials.existingSecret to its name, set credentials.workloadIdentity.serviceAccountId if your cloud has a federation with this cluster, or set credentials.metadata=true on virtual machines that have a service account" -}}
{{- end -}}
{{- if gt (len $ways) 1 -}}
{{- fail "credentials.existingSecret, credentials.metadata and credentials.workloadIdentity.serviceAccountId exclude each other: set one" -}}
{{- end -}}
{{- end -}}

{{/* What every container of this chart may do: nothing but run. */}}
{{- define "wschat-operator.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "wschat-operator.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}
