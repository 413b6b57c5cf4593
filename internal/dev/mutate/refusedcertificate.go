package main

// refusedCertificateMutants keep presenting a certificate that the server refuses, or present it too often.
var refusedCertificateMutants = []mutant{
	{"certificates: a refused one stays", certificateFile, "\t\tc.current(0)\n", "", "./internal/endpoint"},
	{"certificates: each refusal costs a connection", certificateFile, " && c.idle.due()", "", "./internal/endpoint"},
}

const certificateFile = "internal/endpoint/certificate.go"
