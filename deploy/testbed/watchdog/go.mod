module mlaas4hep/testbed/watchdog

go 1.25

require github.com/openfaas/faas-middleware v1.2.5
