"""boto3 against the endpoint of the environment: all exercises, one after another. Exit status 1 if one failed."""

import sys

import boto3
import botocore.compat

import checksums
import conditions
import copies
import listing
import multipart
import objects
import presigned
import refusals
import stage

print(f"boto3 {boto3.__version__}, with the CRT: {botocore.compat.HAS_CRT}")
MODULES = [objects, conditions, checksums, listing, multipart, copies, presigned, refusals]
sys.exit(1 if stage.run([exercise for module in MODULES for exercise in module.EXERCISES]) else 0)
